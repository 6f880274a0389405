#include "text/jinja/operators.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/jinja/python_text.h"

namespace kerf::text::jinja {
namespace {

[[noreturn]] void refuse(const Context& context, const std::string& name, const Value& left, const Value& right) {
  context.fail(fmt::format("'{}' is not defined for {} and {}", name, left.kind_name(), right.kind_name()));
}

Value integer_power(const Context& context, std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  if (base == 0 || base == 1 || base == -1)
    return exponent == 0 || base == 1 ? 1 : base == 0 ? 0 : exponent % 2 == 0 ? 1 : -1;
  for (; exponent > 0; --exponent) {
    if (__builtin_mul_overflow(result, base, &result)) context.fail("makes an integer of more than 64 bits");
  }
  return result;
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}

Value integer_binary(Context& context, const std::string& name, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflows = false;
  if (name == "+") overflows = __builtin_add_overflow(a, b, &result);
  if (name == "-") overflows = __builtin_sub_overflow(a, b, &result);
  if (name == "*") overflows = __builtin_mul_overflow(a, b, &result);
  if (name == "//" || name == "%") {
    overflows = b == -1 && a == INT64_MIN;
    if (!overflows) result = name == "//" ? floor_divide(a, b) : a - floor_divide(a, b) * b;
  }
  if (overflows) context.fail("makes an integer of more than 64 bits");
  return result;
}

Value real_binary(const std::string& name, double a, double b) {
  if (name == "+") return a + b;
  if (name == "-") return a - b;
  if (name == "*") return a * b;
  if (name == "/") return a / b;
  if (name == "//") return std::floor(a / b);
  if (name == "**") return std::pow(a, b);
  const double rest = std::fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

Value number_binary(Context& context, const std::string& name, const Value& left, const Value& right) {
  if ((name == "/" || name == "//" || name == "%") && right.real() == 0) context.fail("divides by zero");
  const bool integers = left.is_integer() && right.is_integer();
  if (integers && name == "**" && right.integer() >= 0) return integer_power(context, left.integer(), right.integer());
  if (integers && name != "/" && name != "**") return integer_binary(context, name, left.integer(), right.integer());
  return real_binary(name, left.real(), right.real());
}

Value repeat(Context& context, const Value& value, std::int64_t count) {
  const std::int64_t times = std::max<std::int64_t>(count, 0);
  const bool is_text = value.is(ValueKind::kText);
  const std::size_t size = is_text ? value.text().size() : value.sequence().items.size() * sizeof(Value);
  std::size_t total = 0;
  if (__builtin_mul_overflow(size, static_cast<std::size_t>(times), &total)) total = SIZE_MAX;
  context.use_bytes(total);  // before it is made
  if (is_text) {
    std::string text;
    for (std::int64_t i = 0; i < (size == 0 ? 0 : times); ++i) text += value.text();
    return context.text(std::move(text));
  }
  List items;
  for (std::int64_t i = 0; i < (size == 0 ? 0 : times); ++i) {
    items.insert(items.end(), value.sequence().items.begin(), value.sequence().items.end());
  }
  return context.list(std::move(items), value.sequence().kind);
}

Value add_lists(Context& context, const Value& left, const Value& right) {
  List items = left.sequence().items;
  items.insert(items.end(), right.sequence().items.begin(), right.sequence().items.end());
  return context.list(std::move(items), left.sequence().kind);
}

std::optional<std::int64_t> slice_bound(const Context& context, const Value& value) {
  if (value.is(ValueKind::kUndefined) || value.is(ValueKind::kNone)) return std::nullopt;
  if (!value.is_integer()) context.fail(fmt::format("found {} in a slice, expected an integer", value.kind_name()));
  return value.integer();
}

}  // namespace

Value apply_binary(Context& context, const std::string& name, const Value& left, const Value& right) {
  context.step();
  context.defined(left);
  context.defined(right);
  if (left.is_number() && right.is_number()) return number_binary(context, name, left, right);
  if (name == "+") {
    if (left.is(ValueKind::kText) && right.is(ValueKind::kText)) return context.text(left.text() + right.text());
    const bool lists = left.is(ValueKind::kSequence) && right.is(ValueKind::kSequence);
    if (lists && left.sequence().kind == right.sequence().kind && !left.is_generator()) {
      return add_lists(context, left, right);
    }
  }
  if (name == "*") {
    const auto repeats = [](const Value& value) {
      return value.is(ValueKind::kText) || (value.is(ValueKind::kSequence) && !value.is_generator());
    };
    if (repeats(left) && right.is_integer()) return repeat(context, left, right.integer());
    if (repeats(right) && left.is_integer()) return repeat(context, right, left.integer());
  }
  if (name == "%" && left.is(ValueKind::kText)) {
    const bool is_tuple = right.is(ValueKind::kSequence) && right.sequence().kind == SequenceKind::kTuple;
    return format_percent(context, left.text(), is_tuple ? right.sequence().items : List{right});
  }
  refuse(context, name, left, right);
}

Value apply_unary(Context& context, const std::string& name, const Value& value) {
  context.step();
  if (name == "not") return !value.truth();
  context.defined(value);
  if (!value.is_number()) context.fail(fmt::format("'{}' is not defined for {}", name, value.kind_name()));
  if (value.is_integer())
    return name == "-" ? integer_binary(context, "-", 0, value.integer()) : Value(value.integer());
  return name == "-" ? -value.real() : value.real();
}

bool contains(Context& context, const Value& value, const Value& part) {
  context.step(value.extent().nodes + part.extent().nodes);
  switch (value.kind()) {
    case ValueKind::kUndefined:
      return false;
    case ValueKind::kText:
      if (!part.is(ValueKind::kText))
        context.fail(fmt::format("found {}, expected a string to look for in a string", part.kind_name()));
      context.step(std::ssize(value.text()) / 64);
      return value.text().find(part.text()) != std::string::npos;
    case ValueKind::kDict:
      return value.dict().find(part) != nullptr;
    case ValueKind::kSequence: {
      const List items = context.items_of(value);
      return std::any_of(items.begin(), items.end(), [&](const Value& item) { return equal(item, part); });
    }
    default:
      context.fail(fmt::format("'in' is not defined for {}", value.kind_name()));
  }
}

bool compare(Context& context, const std::string& name, const Value& left, const Value& right) {
  if (name == "in" || name == "not in") return contains(context, right, left) == (name == "in");
  context.step(std::min(left.extent().nodes, right.extent().nodes));
  if (left.is(ValueKind::kText) && right.is(ValueKind::kText)) context.step(std::ssize(left.text()) / 64);
  if (name == "==" || name == "!=") return equal(left, right) == (name == "==");
  context.defined(left);
  context.defined(right);
  const auto found = order(left, right);
  if (!found) refuse(context, name, left, right);
  return name == "<" ? *found < 0 : name == "<=" ? *found <= 0 : name == ">" ? *found > 0 : *found >= 0;
}

Value slice_of(Context& context, const Value& value, const Value& begin, const Value& end, const Value& step) {
  context.defined(value);
  const std::int64_t stride = slice_bound(context, step).value_or(1);
  if (stride == 0) context.fail("found a slice with a step of zero");
  const bool is_text = value.is(ValueKind::kText);
  if (!is_text && (!value.is(ValueKind::kSequence) || value.is_generator())) {
    return Value::undefined(fmt::format("{} has no slices", value.kind_name()));
  }
  const std::int64_t count = is_text ? length(value.text()) : std::ssize(value.sequence().items);
  // A step beyond the length takes one item: the same, without overflow.
  const std::int64_t bounded = std::clamp(stride, -count - 1, count + 1);
  const Range range = slice_range(count, slice_bound(context, begin), slice_bound(context, end), bounded);
  if (is_text) return context.text(slice(value.text(), range.begin, range.end, range.step));
  List items;
  std::int64_t at = range.begin;
  for (std::int64_t left = range.count(); left > 0; --left, at += range.step) {
    items.push_back(value.sequence().items[static_cast<std::size_t>(at)]);
  }
  return context.list(std::move(items), value.sequence().kind);
}

Value format_percent(Context& context, const std::string& text, const List& items) {
  std::string out;
  std::size_t next = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    const char kind = ++at < text.size() ? text[at] : '\0';
    if (kind == '%') {
      out += '%';
      continue;
    }
    if (kind != 's' && kind != 'd')
      context.fail(fmt::format("the format {} is not supported", quoted(text.substr(at - 1, 2))));
    if (next >= items.size()) context.fail("has fewer values than a format asks for");
    const Value& value = items[next++];
    if (kind == 'd' && !value.is_integer())
      context.fail(fmt::format("found {}, expected an integer for %d", value.kind_name()));
    const std::string part = kind == 'd' ? fmt::format("{}", value.integer()) : context.print(value);
    context.use_bytes(part.size());
    out += part;
  }
  if (next < items.size()) context.fail("has more values than a format asks for");
  return context.text(std::move(out));
}

}  // namespace kerf::text::jinja
