// Json to text.
#include <cmath>

#include <fmt/format.h>

#include "core/json.h"

namespace kerf {
namespace {

void dump_string(const std::string& value, std::string& out) {
  out.push_back('"');
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void dump_number(const Json& value, std::string& out) {
  if (value.is_integer()) {
    const double magnitude = value.as_double();
    out += magnitude < 0 ? fmt::format("{}", value.as_int64()) : fmt::format("{}", value.as_uint64());
  } else if (!std::isfinite(value.as_double())) {
    out += "null";  // JSON has no infinities
  } else {
    const std::string digits = fmt::format("{}", value.as_double());
    out += digits;
    if (digits.find_first_of(".e") == std::string::npos) out += ".0";
  }
}

void dump_value(const Json& value, int indent, int depth, std::string& out);

template <typename Items, typename Write>
void dump_items(const Items& items, char open, char close, int indent, int depth, std::string& out, Write write) {
  out.push_back(open);
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += indent < 0 ? ", " : ",";
    first = false;
    if (indent >= 0) out += "\n" + std::string(static_cast<std::size_t>(indent * (depth + 1)), ' ');
    write(item);
  }
  if (indent >= 0 && !first) out += "\n" + std::string(static_cast<std::size_t>(indent * depth), ' ');
  out.push_back(close);
}

void dump_value(const Json& value, int indent, int depth, std::string& out) {
  if (value.is_null()) {
    out += "null";
  } else if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_number()) {
    dump_number(value, out);
  } else if (value.is_string()) {
    dump_string(value.as_string(), out);
  } else if (value.is_array()) {
    dump_items(value.as_array(), '[', ']', indent, depth, out,
               [&](const Json& item) { dump_value(item, indent, depth + 1, out); });
  } else {
    dump_items(value.as_object(), '{', '}', indent, depth, out, [&](const auto& entry) {
      dump_string(entry.first, out);
      out += ": ";
      dump_value(entry.second, indent, depth + 1, out);
    });
  }
}

}  // namespace

std::string Json::dump(int indent) const {
  std::string out;
  dump_value(*this, indent, 0, out);
  return out;
}

}  // namespace kerf
