#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "formats/safetensors/reader.h"

namespace kerf::formats::safetensors {

/// Tensor -> shard, as model.safetensors.index.json says it (PyTorch's pytorch_model.bin.index.json is alike). Shards
/// are named by plain file names: Error(kInput) naming `file` and the tensor otherwise.
using WeightMap = std::map<std::string, std::string, std::less<>>;
WeightMap read_weight_map(const JsonCursor& index);
WeightMap parse_index(std::string_view text, const std::string& file);

/// Opens one shard: a .safetensors file, or a PyTorch's.
using OpenShard = std::function<StoredTensors(const std::string& path)>;

/// The tensors of an index's shards. What every shard says of itself is read, and decides: a tensor that
/// the index places in a shard which lacks it, or one that two shards have, is an error; one that the index leaves out
/// is taken, with a note. Shards stand beside the index and may be symbolic links.
StoredTensors open_shards(const std::string& index_path, const OpenShard& open_shard, std::vector<std::string>& notes);

}  // namespace kerf::formats::safetensors
