#include "report/gate/policy.h"

#include <charconv>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "core/byte_size.h"
#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "core/yaml.h"

namespace kerf::report {
namespace {

constexpr std::uint64_t kLargestPolicy = 1 << 20;

/// A number as it is written, and whether a percent sign stood behind it.
struct Number {
  double value = 0;
  bool percent = false;
};

Number parse_number(const std::string& file, const YAML::Node& node, const std::string& key, bool is_bytes) {
  const std::string text = yaml::scalar(file, node, key);
  std::string_view digits = text;
  Number number;
  if (ends_with(digits, "%")) {
    number.percent = true;
    digits.remove_suffix(1);
    while (ends_with(digits, " ")) digits.remove_suffix(1);
  }
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number.value);
  if (error == std::errc() && end == digits.data() + digits.size() && std::isfinite(number.value)) {
    if (number.percent) number.value /= 100;
    return number;
  }
  if (is_bytes) {
    if (const auto bytes = parse_size(text)) return {static_cast<double>(*bytes), false};
  }
  yaml::refuse(file, node.Mark(),
               fmt::format("{}: found {}, expected a number{} or a percentage", key, kerf::quoted(text),
                           is_bytes ? ", a size such as 14MB" : ""));
}

Change parse_change(const std::string& file, const YAML::Node& node, const std::string& key, bool is_bytes) {
  const Number number = parse_number(file, node, key, is_bytes);
  if (number.value < 0) yaml::refuse(file, node.Mark(), key + ": expected a number that is not negative");
  return {number.value, number.percent};
}

Bound parse_bound(const std::string& file, const YAML::Node& node) {
  const std::vector<std::string> known = {"value", "lower", "upper"};
  const std::string name = yaml::scalar(file, node, "bound");
  if (name == "value") return Bound::kValue;
  if (name == "lower") return Bound::kLower;
  if (name == "upper") return Bound::kUpper;
  yaml::refuse(file, node.Mark(), unknown_name("bound", name, known));
}

const Metric& parse_metric(const std::string& file, const YAML::Node& key) {
  if (!key.IsScalar()) yaml::refuse(file, key.Mark(), "a key must be a plain word");
  if (const Metric* metric = find_metric(key.Scalar())) return *metric;
  std::vector<std::string> known;
  for (const Metric& metric : all_metrics()) known.emplace_back(metric.key);
  yaml::refuse(file, key.Mark(), unknown_name("metric", key.Scalar(), known));
}

Limit parse_limit(const std::string& file, const YAML::Node& key, const YAML::Node& node) {
  Limit limit{.metric = &parse_metric(file, key), .line = key.Mark().line + 1};
  const std::string name(limit.metric->key);
  if (!node.IsMap()) {
    yaml::refuse(file, key.Mark(),
                 fmt::format("{}: found no map, expected one such as {{max: 0.01, bound: upper}}", name));
  }
  yaml::check_keys(file, node, {"max", "min", "bound", "max_increase", "max_decrease"}, "key of a limit");
  const bool is_bytes = limit.metric->is_bytes;
  if (const auto max = node["max"]) limit.max = parse_number(file, max, name + ".max", is_bytes).value;
  if (const auto min = node["min"]) limit.min = parse_number(file, min, name + ".min", is_bytes).value;
  if (const auto bound = node["bound"]) limit.bound = parse_bound(file, bound);
  if (const auto most = node["max_increase"]) {
    limit.max_increase = parse_change(file, most, name + ".max_increase", is_bytes);
  }
  if (const auto most = node["max_decrease"]) {
    limit.max_decrease = parse_change(file, most, name + ".max_decrease", is_bytes);
  }
  if (!limit.max && !limit.min && !limit.max_increase && !limit.max_decrease) {
    yaml::refuse(file, key.Mark(), name + ": limits nothing; expected max, min, max_increase or max_decrease");
  }
  if (limit.max && limit.min && *limit.max < *limit.min) {
    yaml::refuse(file, key.Mark(), name + ": nothing is at most max and at least min");
  }
  return limit;
}

/// A path in the policy is meant from the policy's folder.
std::string beside(const std::string& file, const std::string& path) {
  return (std::filesystem::path(file).parent_path() / path).string();
}

void parse_rest(const YAML::Node& root, Policy& policy) {
  const std::string& file = policy.file;
  if (const auto about = root["about"]) policy.about = yaml::scalar(file, about, "about");
  if (const auto baseline = root["baseline"]) {
    policy.baseline = beside(file, yaml::scalar(file, baseline, "baseline"));
    policy.baseline_line = baseline.Mark().line + 1;
  }
  if (const auto margin = root["margin"]) {
    policy.margin = parse_number(file, margin, "margin", false).value;
    if (*policy.margin < 0) yaml::refuse(file, margin.Mark(), "margin: expected a number that is not negative");
  }
  if (const auto least = root["min_tokens"]) {
    const double value = parse_number(file, least, "min_tokens", false).value;
    if (value < 1 || value > 1e15 || value != std::floor(value)) {
      yaml::refuse(file, least.Mark(), "min_tokens: expected a whole number of at least 1");
    }
    policy.min_tokens = static_cast<std::int64_t>(value);
  }
  if (const auto candidates = root["candidates"]) {
    for (const YAML::Node& entry : yaml::values_of(candidates)) {
      policy.candidates.push_back(yaml::scalar(file, entry, "candidates"));
    }
    if (policy.candidates.empty()) yaml::refuse(file, candidates.Mark(), "candidates: found an empty list");
  }
}

}  // namespace

Policy parse_policy(const std::string& text, const std::string& path) {
  return yaml::guarded(path, [&] {
    Policy policy;
    policy.file = path;
    const YAML::Node root = yaml::parse(text, path, "policy");
    yaml::check_keys(path, root, {"about", "limits", "baseline", "margin", "min_tokens", "candidates"}, "policy key");
    parse_rest(root, policy);
    if (const auto limits = root["limits"]) {
      if (!limits.IsMap()) yaml::refuse(path, limits.Mark(), "limits: expected a map of metrics");
      for (const auto& entry : limits) {
        policy.limits.push_back(parse_limit(path, entry.first, entry.second));
        for (std::size_t i = 0; i + 1 < policy.limits.size(); ++i) {
          if (policy.limits[i].metric != policy.limits.back().metric) continue;
          yaml::refuse(path, entry.first.Mark(),
                       fmt::format("key {} appears twice", kerf::quoted(entry.first.Scalar())));
        }
      }
    }
    for (const Limit& limit : policy.limits) {
      if ((!limit.max_increase && !limit.max_decrease) || !policy.baseline.empty()) continue;
      throw_input(path, fmt::format("line {}", limit.line),
                  fmt::format("{}: a change needs a baseline to change from", limit.metric->key));
    }
    if (policy.limits.empty() && policy.baseline.empty()) {
      throw_input(path, "", "limits nothing: everything would pass; expected limits or a baseline");
    }
    return policy;
  });
}

Policy read_policy(const std::string& path) { return parse_policy(read_file(path, kLargestPolicy), path); }

}  // namespace kerf::report
