// Text to Json and back. The grammar is nlohmann/json's SAX parser (iterative, UTF-8 checked, RFC 8259); this file adds
// what it leaves open: duplicate keys, depth, and integers that stay integers.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "core/strings.h"

namespace kerf {
namespace {

constexpr std::size_t kMaxDepth = 64;

std::string line_and_column(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t last = before.rfind('\n');
  const std::size_t column = 1 + before.size() - (last == std::string_view::npos ? 0 : last + 1);
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace

/// Receives the parser's events and builds the value.
class JsonBuilder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  JsonBuilder(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  Json take() { return std::move(root_); }

  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(Json(value)); }
  bool number_integer(number_integer_t value) { return add(Json(std::int64_t{value})); }
  bool number_unsigned(number_unsigned_t value) { return add(Json(std::uint64_t{value})); }
  bool number_float(number_float_t value, const string_t& digits) {
    if (!std::isfinite(value)) fail("number " + kerf::quoted(digits) + " is out of range");
    return add(Json(value));
  }
  // Texts are copied, so that the parser keeps the memory that it reads into.
  bool string(string_t& value) { return add(Json(std::as_const(value))); }
  bool binary(binary_t&) { return false; }
  bool start_object(std::size_t) { return open(true); }
  bool start_array(std::size_t) { return open(false); }
  bool key(string_t& name) {
    stack_.back().entries.emplace_back(std::as_const(name), Json());
    return true;
  }
  bool end_object() {
    std::string twice;
    auto object = Json::Object::from_entries(std::move(stack_.back().entries), twice);
    if (!object) fail("key " + kerf::quoted(twice) + " appears twice");
    stack_.pop_back();
    return add(Json(std::move(*object)));
  }
  bool end_array() {
    Json array(std::move(stack_.back().items));
    stack_.pop_back();
    return add(std::move(array));
  }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::json::exception& error) {
    constexpr int kNumberOverflow = 406;  // of nlohmann's list of exceptions
    if (error.id == kNumberOverflow) fail("number " + kerf::quoted(token, 40) + " is out of range");
    // `position` counts the bytes read so far.
    const std::size_t at = position == 0 ? 0 : position - 1;
    throw_input(file_, line_and_column(text_, at),
                at >= text_.size() ? "JSON ends too early" : "not valid JSON near " + kerf::quoted(token, 40));
  }

 private:
  /// An array or object that is still open.
  struct Frame {
    bool is_object = false;
    Json::Array items;
    std::vector<Json::Object::Entry> entries;  ///< the last may wait for its value
  };

  bool add(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
    } else if (Frame& top = stack_.back(); top.is_object) {
      top.entries.back().second = std::move(value);
    } else {
      top.items.push_back(std::move(value));
    }
    return true;
  }
  bool open(bool is_object) {
    if (stack_.size() == kMaxDepth) fail(fmt::format("nested deeper than {} levels", kMaxDepth));
    stack_.push_back(Frame{is_object, {}, {}});
    if (!is_object) stack_.back().items.reserve(2);  // lists of pairs are the longest
    return true;
  }
  [[noreturn]] void fail(std::string message) { throw_input(file_, "", std::move(message)); }

  std::string_view text_, file_;
  std::vector<Frame> stack_;
  Json root_;
};

Json Json::parse(std::string_view text, std::string_view file) {
  if (starts_with(text, "\xEF\xBB\xBF")) text.remove_prefix(3);
  if (const auto bad = find_invalid_utf8(text)) {
    throw_input(file, fmt::format("offset {}", *bad), "not valid UTF-8");
  }
  // The parser takes a NUL for the end and would not see what follows.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    throw_input(file, line_and_column(text, nul), "not valid JSON: found a NUL byte");
  }
  JsonBuilder builder(text, file);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.take();
}

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
    // Series of numbers stand on one line.
    const auto& items = value.as_array();
    if (std::all_of(items.begin(), items.end(), [](const Json& item) { return item.is_number(); })) indent = -1;
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
