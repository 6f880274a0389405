#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "codec/scheme.h"
#include "emit/target.h"

namespace kerf::api {

/// One rule of a recipe: the weight of that name.
std::string weight_rule(std::string_view name, const codec::Scheme& scheme);

/// What a run's outputs make of recipes that are tried for a target. References must outlive it.
class TargetOutputs {
 public:
  TargetOutputs(const QuantizeOptions& options, const QuantizationChoice& choice, const OpenModel& model);

  /// Exact bytes of the largest output. Error(kUsage) if one of them cannot hold it.
  std::uint64_t bytes_of(const std::string& recipe) const;
  /// Why not all outputs hold it; nullopt if they do.
  std::optional<std::string> refusal_of(const std::string& recipe) const;

  /// The rules, then one scheme for the linear weights that they leave if there is one, then embeddings and head as
  /// they are if nothing else is asked for.
  std::string recipe(const std::string& rules, const codec::Scheme* linear) const;
  /// One scheme for all linear weights.
  std::string uniform_recipe(const codec::Scheme& scheme) const { return recipe("", &scheme); }

 private:
  emit::EmitModel planned(const std::string& recipe) const;

  const QuantizeOptions& options_;
  const QuantizationChoice& choice_;
  const OpenModel& model_;
};

}  // namespace kerf::api
