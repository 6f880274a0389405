#include "formats/lora/tensors.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::formats::lora {
namespace {

using safetensors::StoredTensor;

constexpr std::string_view kPrefix = "base_model.model.";

/// A name in parts, and where the part that begins with "lora_" stands in it.
struct Name {
  std::vector<std::string> parts;
  std::size_t at = 0;  ///< parts.size(): nowhere

  std::string module() const { return join(std::span(parts).first(at), "."); }
  /// What follows: "", "weight", "default", "default.weight".
  std::string rest() const { return at >= parts.size() ? "" : join(std::span(parts).subspan(at + 1), "."); }
};

bool is_part_of_adapter(const std::string& part) {
  return part == "lora_A" || part == "lora_B" || part == "lora_embedding_A" || part == "lora_embedding_B" ||
         part == "lora_magnitude_vector";
}

Name take_apart(const StoredTensor& tensor) {
  if (!starts_with(tensor.name, kPrefix)) {
    tensor.fail(fmt::format("has a name that does not begin with {}, as peft's do", quoted(kPrefix)));
  }
  Name name{split(std::string_view(tensor.name).substr(kPrefix.size()), '.')};
  name.at = static_cast<std::size_t>(std::find_if(name.parts.begin(), name.parts.end(), is_part_of_adapter) -
                                     name.parts.begin());
  return name;
}

void put(std::optional<StoredTensor>& place, const StoredTensor& tensor) {
  if (place) tensor.fail(fmt::format("has the part that {} has too: more than one adapter?", quoted(place->name)));
  place = tensor;
}

/// What may follow: matrices are modules with a weight, those of embeddings parameters, magnitudes have been both.
/// Either may carry the adapter's name.
bool is_known_rest(const std::string& part, const std::string& rest) {
  const bool ends_in_weight = rest == "weight" || ends_with(rest, ".weight");
  const bool is_name = rest.find('.') == std::string::npos;
  if (part == "lora_A" || part == "lora_B") return ends_in_weight && std::count(rest.begin(), rest.end(), '.') <= 1;
  return is_name || (part == "lora_magnitude_vector" && ends_in_weight);
}

void add_part(const Name& name, const StoredTensor& tensor, Tensors& tensors) {
  const std::string& part = name.parts[name.at];
  if (name.at == 0 || !is_known_rest(part, name.rest())) {
    tensor.fail("has a name that kerf does not know as a part of an adapter");
  }
  Module& module = tensors.modules[name.module()];
  if (part == "lora_A" || part == "lora_embedding_A") put(module.down, tensor);
  if (part == "lora_B" || part == "lora_embedding_B") put(module.up, tensor);
  if (part == "lora_magnitude_vector") put(module.magnitude, tensor);
  module.is_embedding = module.is_embedding || starts_with(part, "lora_embedding");
}

/// The model's own name of a tensor that peft keeps in a wrapper: "x.base_layer.weight" is "x.weight".
std::string unwrapped(const Name& name) {
  std::vector<std::string> parts = name.parts;
  const auto wrapper = std::find_if(parts.begin(), parts.end(), [](const std::string& part) {
    return part == "base_layer" || part == "modules_to_save";
  });
  if (wrapper == parts.end()) return join(parts, ".");
  // modules_to_save.NAME.weight carries the adapter's name if three parts are left, base_layer.weight does not.
  const bool has_adapter_name = *wrapper == "modules_to_save" && parts.end() - wrapper > 2;
  parts.erase(wrapper, wrapper + (has_adapter_name ? 2 : 1));
  return join(parts, ".");
}

void check_pair(const std::string& name, const Module& module) {
  const auto& any = module.down ? *module.down : module.up ? *module.up : *module.magnitude;
  if (!module.down || !module.up) {
    any.fail(fmt::format("stands without its {}: the module {} needs both matrices", module.down ? "lora_B" : "lora_A",
                         quoted(name)));
  }
}

}  // namespace

Tensors sort_tensors(const safetensors::StoredTensors& stored) {
  Tensors tensors;
  for (const auto& [full, tensor] : stored) {
    const Name name = take_apart(tensor);
    if (name.at < name.parts.size()) {
      add_part(name, tensor, tensors);
      continue;
    }
    const auto [other, is_new] = tensors.whole.emplace(unwrapped(name), tensor);
    if (!is_new) tensor.fail(fmt::format("replaces what {} replaces too", quoted(other->second.name)));
  }
  for (const auto& [name, module] : tensors.modules) check_pair(name, module);
  return tensors;
}

}  // namespace kerf::formats::lora
