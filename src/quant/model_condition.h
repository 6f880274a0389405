#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "description/description.h"

namespace kerf::quant {

/// Something that a rule asks of the model as a whole: layers, experts, heads_per_kv_head, tied_head.
class ModelCondition {
 public:
  /// `name`: of a trait; `text`: a number ("8"), or one behind ">=" or "<="; tied_head: "true" or "false".
  /// Error(kUsage) with the nearest name, or what was expected.
  ModelCondition(std::string_view name, std::string_view text);

  bool holds(const description::Hyperparameters& model) const;

 private:
  enum class Comparison { kEqual, kAtLeast, kAtMost };
  std::size_t trait_ = 0;
  Comparison comparison_ = Comparison::kEqual;
  std::int64_t value_ = 0;
};

}  // namespace kerf::quant
