#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "formats/safetensors/reader.h"

namespace kerf::formats::pytorch {

/// Do these first bytes begin a pickle of protocol 2 or newer?
bool looks_like_legacy(std::string_view start);

/// The tensors of a file of PyTorch before 1.6 (torch.save with _use_new_zipfile_serialization=False): pickles of a
/// magic number, a version, the machine and the dict, then the keys of the storages, and each storage behind its number
/// of elements.
safetensors::StoredTensors open_legacy(const std::shared_ptr<const InputFile>& file, std::vector<std::string>& notes);

}  // namespace kerf::formats::pytorch
