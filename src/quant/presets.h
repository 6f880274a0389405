#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quant/recipe.h"

namespace kerf::quant {

/// A recipe that has a name: src/quant/presets/NAME.yaml, compiled in.
struct Preset {
  std::string_view name;
  std::string_view text;  ///< YAML
};

/// All of them, by name.
const std::vector<Preset>& presets();
/// In any case; nullptr if there is none.
const Preset* find_preset(std::string_view name);
std::vector<std::string> preset_names();
/// The preset of that name, or else the file at that path; names and errors as read_recipe(). Error(kUsage) with the
/// nearest name if there is neither.
Recipe load_recipe(const std::string& name_or_path, DType scale_dtype,
                   const std::optional<ActivationChoice>& activations = std::nullopt,
                   const RangeChoice& range = parse_range(""),
                   const std::optional<PruneChoice>& pruning = std::nullopt);

}  // namespace kerf::quant
