#include "quant/presets.h"

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"

namespace kerf::quant {

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all{
#include "quant/presets.inc"
  };
  return all;
}

const Preset* find_preset(std::string_view name) {
  const std::string lower = to_lower_ascii(name);
  for (const Preset& preset : presets()) {
    if (preset.name == lower) return &preset;
  }
  return nullptr;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) names.emplace_back(preset.name);
  return names;
}

Recipe load_recipe(const std::string& name_or_path, DType scale_dtype,
                   const std::optional<ActivationChoice>& activations, const RangeChoice& range,
                   const std::optional<PruneChoice>& pruning) {
  const Preset* preset = find_preset(name_or_path);
  if (preset == nullptr) {
    const bool path = name_or_path.find_first_of("./") != std::string::npos;
    if (!path && !path_exists(name_or_path)) throw_usage(unknown_name("recipe", name_or_path, preset_names()));
    return read_recipe(name_or_path, scale_dtype, activations, range, pruning);
  }
  const std::string label(preset->name);
  Recipe recipe = parse_recipe(std::string(preset->text), label, scale_dtype, activations, range, pruning);
  for (Rule& rule : recipe.rules) rule.text.replace(0, std::string_view("recipe").size(), label);
  return recipe;
}

}  // namespace kerf::quant
