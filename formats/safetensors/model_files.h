#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "formats/safetensors/reader.h"

namespace kerf::formats::safetensors {

/// Tensor -> shard, as model.safetensors.index.json says it. Shards are named by plain file names: Error(kInput) naming
/// `file` and the tensor otherwise.
using WeightMap = std::map<std::string, std::string, std::less<>>;
WeightMap parse_index(std::string_view text, const std::string& file);

/// The tensors of model.safetensors.index.json's shards. The header of every shard is read, and decides: a tensor that
/// the index places in a shard which lacks it, or one that two shards have, is an error; one that the index leaves out
/// is taken, with a note. Shards stand beside the index and may be symbolic links.
StoredTensors open_shards(const std::string& index_path, std::vector<std::string>& notes);

/// The tensors of a directory: model.safetensors, or else those of the index. Error(kInput) saying what is there
/// instead (a PyTorch checkpoint, an adapter, shards without an index).
StoredTensors open_model_files(const std::string& directory, std::vector<std::string>& notes);

}  // namespace kerf::formats::safetensors
