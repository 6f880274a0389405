#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.h"
#include "core/shape.h"
#include "formats/pytorch/pickle.h"

namespace kerf::formats::pytorch {

/// A part of a storage, as a pickle describes it. Nothing of it is checked against the storage yet.
struct TensorView {
  std::string name;
  std::string storage;             ///< its key
  DType dtype = DType::kF32;       ///< of the tensor's elements
  std::int64_t storage_bytes = 0;  ///< that the pickle expects the storage to have
  std::uint64_t storage_item = 0;  ///< bytes of an element as the storage counts them
  std::int64_t offset = 0;         ///< of the first element, in elements from the start of the storage
  Shape shape, strides;            ///< strides in elements; of equal length
};

/// The tensors of a pickled dict: a state_dict, or a training script's checkpoint with one under "state_dict". Names
/// are unique. Error(kInput) naming `file` and the key for anything else: values that are no tensors, tensors in
/// other places, classes that a tensor is not made of. Adds a sentence to `notes` about what is left aside.
std::vector<TensorView> read_state_dict(const Pickle& pickle, const std::string& file, std::vector<std::string>& notes);

}  // namespace kerf::formats::pytorch
