// Filters of single values.

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/jinja/builtin.h"
#include "text/jinja/operators.h"
#include "text/jinja/python_json.h"
#include "text/jinja/python_text.h"

namespace kerf::text::jinja {
namespace {

const Value& number_of(const Call& call) {
  call.context.defined(call.subject);
  if (!call.subject.is_number())
    call.context.fail(fmt::format("found {}, expected a number", call.subject.kind_name()));
  return call.subject;
}

Value run_abs(Call& call) {
  const Value& value = number_of(call);
  if (!value.is_integer()) return std::fabs(value.real());
  return value.integer() < 0 ? apply_unary(call.context, "-", value) : Value(value.integer());
}

/// Keys of a dict are none of its attributes.
Value run_attr(Call& call) {
  const std::string& name = call.text(0);
  if (call.subject.is(ValueKind::kDict) && !find_builtin(BuiltinKind::kDictMethod, name)) {
    return Value::undefined(fmt::format("a dict has no attribute {}", quoted(name)));
  }
  return call.context.attribute(call.subject, name);
}

Value run_default(Call& call) {
  const bool is_missing = call.subject.is(ValueKind::kUndefined) || (call.truth_or(1, false) && !call.subject.truth());
  if (!is_missing) return call.subject;
  return call.given[0] ? *call.given[0] : Value("");
}

template <typename T>
std::optional<T> parsed(std::string_view text) {
  text = strip_right(strip_left(text, std::nullopt), std::nullopt);
  if (starts_with(text, "+")) text.remove_prefix(1);
  T value{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = result.ec == std::errc() && result.ptr == text.data() + text.size();
  return whole ? std::optional<T>(value) : std::nullopt;
}

std::optional<std::int64_t> truncated(double value) {
  constexpr double kLimit = 9.2e18;
  if (!(std::fabs(value) < kLimit)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

Value run_int(Call& call) {
  if (call.integer_or(1, 10) != 10) call.context.fail("the filter 'int' with another base than 10 is not supported");
  const Value fallback = call.given[0] ? *call.given[0] : Value(0);
  const Value& value = call.subject;
  if (value.is_integer()) return value.integer();
  std::optional<double> real;
  if (value.is(ValueKind::kReal)) real = value.real();
  if (value.is(ValueKind::kText)) {
    if (const auto integer = parsed<std::int64_t>(value.text())) return *integer;
    real = parsed<double>(value.text());
  }
  const auto integer = real ? truncated(*real) : std::nullopt;
  return integer ? Value(*integer) : fallback;
}

Value run_float(Call& call) {
  const Value& value = call.subject;
  if (value.is_number()) return value.real();
  if (value.is(ValueKind::kText)) {
    if (const auto real = parsed<double>(value.text())) return *real;
  }
  return call.given[0] ? *call.given[0] : Value(0.0);
}

Value run_round(Call& call) {
  const Value& value = number_of(call);
  const std::int64_t precision = call.integer_or(0, 0);
  const std::string method = call.text_or(1, "common");
  constexpr std::int64_t kMost = 15;
  if (precision < 0 || precision > kMost)
    call.context.fail(fmt::format("rounds to {} digits, expected 0 to {}", precision, kMost));
  if (method == "common") {
    if (value.is_integer()) return value.integer();
    if (!std::isfinite(value.real())) return value;
    return *parsed<double>(fmt::format("{:.{}f}", value.real(), precision));
  }
  if (method != "ceil" && method != "floor")
    call.context.fail(fmt::format("found {}, expected 'common', 'ceil' or 'floor'", quoted(method)));
  const double power = std::pow(10.0, static_cast<double>(precision)), scaled = value.real() * power;
  return (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / power;
}

Value run_tojson(Call& call) {
  JsonStyle style;
  style.ascii = call.truth_or(0, false);
  style.sorted = call.truth_or(3, false);
  constexpr std::int64_t kWidest = 100;
  if (call.has(1)) {
    if (call.at(1).is(ValueKind::kText)) {
      style.indent = call.text(1);
    } else {
      const std::int64_t width = call.integer(1);
      if (width > kWidest) call.context.fail(fmt::format("indents by {}, expected at most {}", width, kWidest));
      style.indent = std::string(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' ');
    }
    style.between = ",";
  }
  if (call.has(2)) {
    const List parts = call.context.items_of(call.at(2));
    if (parts.size() != 2 || !parts[0].is(ValueKind::kText) || !parts[1].is(ValueKind::kText)) {
      call.context.fail("found separators that are not two strings");
    }
    style.between = parts[0].text();
    style.behind_key = parts[1].text();
  }
  return call.context.text(json_text(call.context, call.subject, style));
}

}  // namespace

BuiltinList value_filters_builtins() {
  return {BuiltinKind::kFilter,
          {{"abs", "", run_abs},
           {"attr", "name", run_attr},
           {"d", "/ default_value boolean", run_default},
           {"default", "/ default_value boolean", run_default},
           {"float", "/ default", run_float},
           {"int", "/ default base", run_int},
           {"round", "/ precision method", run_round},
           {"tojson", "/ ensure_ascii indent separators sort_keys", run_tojson}}};
}

}  // namespace kerf::text::jinja
