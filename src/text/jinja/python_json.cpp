#include "text/jinja/python_json.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/jinja/python_text.h"

namespace kerf::text::jinja {
namespace {

void append_unit(std::string& out, std::uint32_t unit) { out += fmt::format("\\u{:04x}", unit); }

std::string quoted_json(const std::string& text, bool ascii) {
  static constexpr std::string_view kNames = "\"\\bfnrt", kMeanings = "\"\\\b\f\n\r\t";
  std::string out = "\"";
  for (const char32_t c : decode_utf8(text)) {
    const std::size_t found = c < 0x80 ? kMeanings.find(static_cast<char>(c)) : std::string_view::npos;
    if (found != std::string_view::npos) {
      out += '\\';
      out += kNames[found];
    } else if (c < 0x20 || (ascii && c >= 0x7F && c < 0x10000)) {
      append_unit(out, static_cast<std::uint32_t>(c));
    } else if (ascii && c >= 0x10000) {
      append_unit(out, 0xD800 + ((static_cast<std::uint32_t>(c) - 0x10000) >> 10));
      append_unit(out, 0xDC00 + ((static_cast<std::uint32_t>(c) - 0x10000) & 0x3FF));
    } else {
      append_utf8(out, c);
    }
  }
  return out += '"';
}

class Writer {
 public:
  Writer(Context& context, const JsonStyle& style) : context_(context), style_(style) {}

  void write(const Value& value, int level) {
    context_.step();
    switch (value.kind()) {
      case ValueKind::kNone:
        return put("null");
      case ValueKind::kBoolean:
        return put(value.boolean() ? "true" : "false");
      case ValueKind::kInteger:
        return put(fmt::format("{}", value.integer()));
      case ValueKind::kReal:
        return put(real(value.real()));
      case ValueKind::kText:
        return put(quoted_json(value.text(), style_.ascii));
      case ValueKind::kSequence:
        if (value.is_generator()) break;
        return write_list(value.sequence().items, level);
      case ValueKind::kDict:
        return write_dict(value.dict(), level);
      default:
        break;
    }
    context_.fail(fmt::format("{} cannot be written as JSON", value.kind_name()));
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string real(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return real_repr(value);
  }

  void put(const std::string& text) {
    context_.use_bytes(text.size());
    out_ += text;
  }

  /// Before an item, or before the closing bracket.
  void new_line(int level) {
    if (!style_.indent) return;
    put("\n");
    for (int i = 0; i < level; ++i) put(*style_.indent);
  }

  void write_list(const List& items, int level) {
    put("[");
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) put(style_.between);
      new_line(level + 1);
      write(items[i], level + 1);
    }
    if (!items.empty()) new_line(level);
    put("]");
  }

  std::string key_text(const Value& key) {
    if (key.is(ValueKind::kText)) return key.text();
    if (key.is(ValueKind::kNone)) return "null";
    if (key.is(ValueKind::kBoolean)) return key.boolean() ? "true" : "false";
    return key.is(ValueKind::kReal) ? real(key.real()) : fmt::format("{}", key.integer());
  }

  void write_dict(const Value::Dict& dict, int level) {
    std::vector<const Value::Dict::Entry*> entries;
    for (const auto& entry : dict.entries()) entries.push_back(&entry);
    if (style_.sorted) {
      std::stable_sort(entries.begin(), entries.end(), [&](const auto* a, const auto* b) {
        const auto found = order(a->first, b->first);
        if (!found) context_.fail("sorts keys of several kinds");
        return *found < 0;
      });
    }
    put("{");
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) put(style_.between);
      new_line(level + 1);
      put(quoted_json(key_text(entries[i]->first), style_.ascii));
      put(style_.behind_key);
      write(entries[i]->second, level + 1);
    }
    if (!entries.empty()) new_line(level);
    put("}");
  }

  Context& context_;
  const JsonStyle& style_;
  std::string out_;
};

}  // namespace

std::string json_text(Context& context, const Value& value, const JsonStyle& style) {
  Writer writer(context, style);
  writer.write(value, 0);
  return writer.take();
}

}  // namespace kerf::text::jinja
