#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/dtype.h"

namespace kerf::formats::pytorch {

/// What the names that a checkpoint's pickle may use stand for.
enum class Meaning {
  kOrderedDict,
  kRebuildTensor,         ///< (storage, offset, sizes, strides, ...)
  kRebuildTensorOfDtype,  ///< (storage, offset, sizes, strides, requires_grad, hooks, dtype, ...)
  kRebuildParameter,      ///< (tensor, ...)
  kSize,                  ///< (sizes)
  kStorage,
  kDtype,
};

/// A class or function that a pickle may name; globals.cpp lists them all.
struct Global {
  Meaning meaning;
  std::string_view module, name;
  DType dtype = DType::kU8;  ///< of kStorage and kDtype
};

/// nullptr if a checkpoint has no business naming it.
const Global* find_global(std::string_view module, std::string_view name);

}  // namespace kerf::formats::pytorch
