#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/safetensors/reader.h"

namespace kerf::formats::pytorch {

/// Error(kInput) that says what a file is instead, unless it begins as one of the two that torch.save writes.
void check_start(const std::string& path, std::string_view start);

/// Does a file look like torch.save's, by its name or its first bytes (an archive of today, or a pickle as before 1.6)?
bool looks_like_checkpoint(std::string_view name, std::string_view start);

/// The tensors of a file that torch.save wrote: the ZIP archive of today, or the row of pickles of PyTorch before 1.6.
/// Its pickle is read as data (pickle.h); storages are read when asked for, like safetensors'. Tensors may share a
/// storage and lie in it with any strides, but no element twice. Error(kInput) naming the file and the tensor, entry or
/// offset.
safetensors::StoredTensors open_checkpoint_file(const std::string& path, std::vector<std::string>& notes);

}  // namespace kerf::formats::pytorch
