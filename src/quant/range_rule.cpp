#include "quant/range_rule.h"

#include <charconv>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::quant {

#define X(id) extern const RangeRule id##_range;
#include "quant/ranges.def"
#undef X

namespace {

constexpr std::string_view kDefault = "mse";
constexpr std::string_view kPercentile = "percentile";

/// The number behind "percentile-".
double parse_percentile(std::string_view text) {
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || !(value > 50) || !(value <= 100)) {
    throw_usage(fmt::format("percentile: found {}, expected a number above 50, at most 100", quoted(text)));
  }
  return value;
}

}  // namespace

std::string RangeChoice::name() const {
  return rule->name == kPercentile ? fmt::format("{}-{}", rule->name, percentile) : std::string(rule->name);
}

const std::vector<const RangeRule*>& range_rules() {
  static const std::vector<const RangeRule*> all = {
#define X(id) &id##_range,
#include "quant/ranges.def"
#undef X
  };
  return all;
}

RangeChoice parse_range(std::string_view name) {
  std::string lower = to_lower_ascii(name.empty() ? kDefault : name);
  RangeChoice choice;
  const std::string prefix = std::string(kPercentile) + "-";
  if (starts_with(lower, prefix)) {
    choice.percentile = parse_percentile(std::string_view(lower).substr(prefix.size()));
    lower = kPercentile;
  }
  std::vector<std::string> known;
  for (const RangeRule* rule : range_rules()) {
    if (rule->name == lower) choice.rule = rule;
    known.emplace_back(rule->name);
  }
  if (choice.rule == nullptr) throw_usage(unknown_name("range rule", name, known));
  return choice;
}

}  // namespace kerf::quant
