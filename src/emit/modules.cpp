#include "emit/modules.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::emit {
namespace {

constexpr std::string_view kWeightSuffix = ".weight";

int expert_of(const EmitModel& model, const EmitTensor& tensor) {
  return model.graph == nullptr ? -1 : model.graph->value(tensor.value).weight.expert;
}

/// A model without quantized weights is a plain checkpoint: nothing says then that experts are stacked.
bool any_quantized(const EmitModel& model) {
  return std::any_of(model.tensors.begin(), model.tensors.end(),
                     [](const EmitTensor& tensor) { return tensor.scheme.quantized(); });
}

void check_alike(const StoredModule& stack, const EmitModel& model, std::string_view layout) {
  const EmitTensor& first = model.tensors[stack.tensors.front()];
  for (const std::size_t i : stack.tensors) {
    const EmitTensor& tensor = model.tensors[i];
    if (tensor.scheme == first.scheme && tensor.shape == first.shape && tensor.source_dtype == first.source_dtype) {
      continue;
    }
    throw_usage(fmt::format("{} cannot hold {} as {} beside {} as {}: it stacks the experts of a layer into one tensor",
                            layout, quoted(tensor.name), tensor.scheme.name, quoted(first.name), first.scheme.name));
  }
}

}  // namespace

std::string module_name(const EmitTensor& tensor) {
  return tensor.name.substr(0, tensor.name.size() - kWeightSuffix.size());
}

std::vector<StoredModule> stored_modules(const EmitModel& model, const formats::safetensors::LayoutInfo& layout) {
  std::vector<StoredModule> modules;
  std::map<std::string, std::size_t> stacks;
  const bool stacking = layout.stack != nullptr && any_quantized(model);
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const EmitTensor& tensor = model.tensors[i];
    if (!stacking || expert_of(model, tensor) < 0 || !ends_with(tensor.name, kWeightSuffix)) {
      modules.push_back({tensor.name, {i}});
      continue;
    }
    const auto [known, first] = stacks.emplace(layout.stack(module_name(tensor)), modules.size());
    if (first) modules.push_back({known->first, {}, true});
    modules[known->second].tensors.push_back(i);
  }
  for (StoredModule& module : modules) {
    std::stable_sort(module.tensors.begin(), module.tensors.end(), [&](std::size_t a, std::size_t b) {
      return expert_of(model, model.tensors[a]) < expert_of(model, model.tensors[b]);
    });
    if (module.stack) check_alike(module, model, layout.name);
  }
  return modules;
}

}  // namespace kerf::emit
