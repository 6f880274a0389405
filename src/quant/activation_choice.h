#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codec/activation.h"
#include "quant/range_rule.h"

namespace kerf::quant {

/// How the input of a weight's products is rounded, and of a static scheme how its range is found.
struct ActivationChoice {
  codec::ActivationScheme scheme;
  RangeChoice range;  ///< of a static scheme
  std::string name() const;
  bool operator==(const ActivationChoice&) const = default;
};

/// "int8-dynamic", "int8-static", "int8-static/percentile-99.9"; "none" or empty: nullopt. `range` for static ones that
/// name no rule. Error(kUsage) naming what is not known.
std::optional<ActivationChoice> parse_activations(std::string_view text, const RangeChoice& range);

}  // namespace kerf::quant
