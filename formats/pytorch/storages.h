#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/file.h"
#include "formats/pytorch/state_dict.h"
#include "formats/safetensors/reader.h"

namespace kerf::formats::pytorch {

/// Where a storage's bytes are in the file.
struct Storage {
  std::uint64_t offset = 0, bytes = 0;
};

using Storages = std::map<std::string, Storage, std::less<>>;

/// The tensors that views describe, each checked against the storage that it is a part of.
safetensors::StoredTensors place_tensors(const std::vector<TensorView>& views, const Storages& storages,
                                         const std::shared_ptr<const InputFile>& file);

}  // namespace kerf::formats::pytorch
