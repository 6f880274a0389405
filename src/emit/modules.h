#pragma once

#include <string>
#include <vector>

#include "emit/target.h"
#include "formats/safetensors/layouts/layout.h"

namespace kerf::emit {

/// What is written under one name: a tensor, or those of all experts of a mixture, one behind the other.
struct StoredModule {
  std::string name;                  ///< of the tensor or, for a stack, of a module: without .weight
  std::vector<std::size_t> tensors;  ///< in EmitModel::tensors; of a stack by expert
  bool stack = false;
};

/// The tensors of a model in the order that a layout stores them: each by itself, except that experts are stacked where
/// LayoutInfo::stack says so. Error(kUsage) if experts of one stack differ in scheme or shape.
std::vector<StoredModule> stored_modules(const EmitModel& model, const formats::safetensors::LayoutInfo& layout);

/// "a.b" for "a.b.weight".
std::string module_name(const EmitTensor& tensor);

}  // namespace kerf::emit
