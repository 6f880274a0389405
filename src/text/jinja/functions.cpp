// Functions that every template has.

#include <algorithm>
#include <array>
#include <ctime>
#include <map>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/jinja/builtin.h"
#include "text/jinja/python_text.h"
#include "text/jinja/template.h"

namespace kerf::text::jinja {
namespace {

/// What a template keeps values in beyond the scope that sets them.
class Namespace : public Object {
 public:
  std::string_view name() const override { return "a namespace"; }
  std::optional<Value> attribute(std::string_view name) const override {
    const auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }
  void set_attribute(Context&, const std::string& name, Value value) override { values_[name] = std::move(value); }
  void release() override { values_.clear(); }

 private:
  std::map<std::string, Value, std::less<>> values_;
};

/// Prints its separator, but for the first time.
class Joiner : public Object {
 public:
  explicit Joiner(std::string separator) : separator_(std::move(separator)) {}
  std::string_view name() const override { return "a joiner"; }
  bool is_callable() const override { return true; }
  Value call(Context& context, Arguments) override {
    return context.text(std::exchange(is_first_, false) ? "" : separator_);
  }

 private:
  std::string separator_;
  bool is_first_ = true;
};

Value run_range(Call& call) {
  constexpr std::int64_t kMost = 100'000;  // Jinja's sandbox has the same bound
  const bool alone = !call.has(1);
  Range range{alone ? 0 : call.integer(0), alone ? call.integer(0) : call.integer(1), call.integer_or(2, 1)};
  if (range.step == 0) call.context.fail("found a range with a step of zero");
  const double span =
      (static_cast<double>(range.end) - static_cast<double>(range.begin)) / static_cast<double>(range.step);
  if (span > kMost) call.context.fail(fmt::format("makes a range of more than {} numbers", kMost));
  List items;
  for (std::int64_t left = range.count(), at = range.begin; left > 0; --left, at += range.step) items.emplace_back(at);
  return call.context.list(std::move(items));
}

/// The pairs of a dict that may be given, and the arguments with names.
std::vector<std::pair<Value, Value>> given_pairs(Call& call) {
  std::vector<std::pair<Value, Value>> pairs;
  for (const Value& value : call.rest.positional) {
    if (!value.is(ValueKind::kDict)) call.context.fail(fmt::format("found {}, expected a dict", value.kind_name()));
    pairs.insert(pairs.end(), value.dict().entries().begin(), value.dict().entries().end());
  }
  for (auto& [name, value] : call.rest.named) pairs.emplace_back(name, value);
  return pairs;
}

Value run_dict(Call& call) {
  Value::Dict dict;
  for (auto& [key, value] : given_pairs(call)) dict.set(key, value);
  return call.context.dict(std::move(dict));
}

Value run_namespace(Call& call) {
  const auto made = call.context.object<Namespace>();
  for (auto& [key, value] : given_pairs(call)) made->set_attribute(call.context, call.context.print(key), value);
  return Value(std::shared_ptr<Object>(made));
}

Value run_joiner(Call& call) {
  return Value(std::shared_ptr<Object>(call.context.object<Joiner>(call.text_or(0, ", "))));
}

Value run_raise_exception(Call& call) { throw Raised{call.context.print(*call.given[0])}; }

Value run_strftime_now(Call& call) {
  constexpr std::size_t kLongest = 100;
  const std::string& format = call.text(0);
  if (format.size() > kLongest)
    call.context.fail(fmt::format("found a format of a date of more than {} bytes", kLongest));
  call.context.used_date = true;
  // Template::kDate, a Friday and day 207 of its year, at midnight.
  std::tm day{};
  day.tm_year = 124;
  day.tm_mon = 6;
  day.tm_mday = 26;
  day.tm_wday = 5;
  day.tm_yday = 207;
  std::array<char, 16 * kLongest> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), format.c_str(), &day);
  return call.context.text(std::string(text.data(), size));
}

}  // namespace

BuiltinList functions_builtins() {
  return {BuiltinKind::kFunction,
          {{"dict", "*", run_dict},
           {"joiner", "/ sep", run_joiner},
           {"namespace", "*", run_namespace},
           {"raise_exception", "message", run_raise_exception},
           {"range", "start / stop step", run_range},
           {"strftime_now", "format", run_strftime_now}}};
}

}  // namespace kerf::text::jinja
