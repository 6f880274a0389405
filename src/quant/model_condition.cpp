#include "quant/model_condition.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::quant {
namespace {

using description::Hyperparameters;

struct Trait {
  std::string_view name;
  bool flag;
  std::int64_t (*of)(const Hyperparameters& model);
};

std::int64_t heads_per_kv_head(const Hyperparameters& model) {
  return model.kv_heads > 0 ? model.heads / model.kv_heads : 1;
}

constexpr std::array kTraits = {
    Trait{"layers", false, [](const Hyperparameters& model) { return model.layers; }},
    Trait{"experts", false, [](const Hyperparameters& model) { return model.experts; }},
    Trait{"heads_per_kv_head", false, heads_per_kv_head},
    Trait{"tied_head", true, [](const Hyperparameters& model) { return std::int64_t{model.tied_head}; }},
};

std::size_t find_trait(std::string_view name) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < kTraits.size(); ++i) {
    if (kTraits[i].name == name) return i;
    known.emplace_back(kTraits[i].name);
  }
  throw_usage(unknown_name("condition of a model", name, known));
}

}  // namespace

ModelCondition::ModelCondition(std::string_view name, std::string_view text) : trait_(find_trait(name)) {
  if (kTraits[trait_].flag) {
    if (text != "true" && text != "false") {
      throw_usage(fmt::format("{}: found {}, expected true or false", name, quoted(text)));
    }
    value_ = text == "true" ? 1 : 0;
    return;
  }
  std::string_view digits = text;
  if (starts_with(digits, ">=") || starts_with(digits, "<=")) {
    comparison_ = digits.front() == '>' ? Comparison::kAtLeast : Comparison::kAtMost;
    digits.remove_prefix(2);
  }
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value_);
  if (error != std::errc() || end != digits.data() + digits.size() || value_ < 0) {
    throw_usage(fmt::format("{}: found {}, expected a number such as 8, \">=4\" or \"<=3\"", name, quoted(text)));
  }
}

bool ModelCondition::holds(const Hyperparameters& model) const {
  const std::int64_t found = kTraits[trait_].of(model);
  switch (comparison_) {
    case Comparison::kAtLeast:
      return found >= value_;
    case Comparison::kAtMost:
      return found <= value_;
    case Comparison::kEqual:
      break;
  }
  return found == value_;
}

}  // namespace kerf::quant
