#include "formats/safetensors/shard_index.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "core/strings.h"
#include "formats/impostor.h"

namespace kerf::formats::safetensors {
namespace {

constexpr std::uint64_t kMaxIndexBytes = 100'000'000;

void check_shard_name(const std::string& name, const JsonCursor& entry) {
  check_relative_path(name, entry.file(), entry.path());
  if (name.find('/') != std::string::npos) {
    entry.fail(fmt::format("names {}, expected a file beside the index", quoted(name)));
  }
}

std::set<std::string> shard_names(const WeightMap& tensors) {
  std::set<std::string> names;
  for (const auto& [tensor, file] : tensors) names.insert(file);
  return names;
}

/// Says all at once what a half-finished download lacks.
void check_shards_exist(const std::string& index_path, const std::set<std::string>& names) {
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    if (!path_exists(join_path(parent_path(index_path), name))) missing.push_back(name);
  }
  if (missing.empty()) return;
  throw_input(index_path, "",
              fmt::format("names {} shards, of which {} {} missing, first {}: an unfinished download?", names.size(),
                          missing.size(), missing.size() == 1 ? "is" : "are", quoted(missing.front())));
}

void add_shard(const StoredTensors& shard, StoredTensors& all) {
  for (const auto& [name, tensor] : shard) {
    const auto [other, is_new] = all.emplace(name, tensor);
    if (!is_new) tensor.fail(fmt::format("is in {} too, expected one of them", other->second.file->path()));
  }
}

/// Every tensor of the index must be where it says.
void check_index(const WeightMap& index, const std::string& index_path, const StoredTensors& tensors) {
  for (const auto& [name, file] : index) {
    const auto found = tensors.find(name);
    const std::string path = join_path(parent_path(index_path), file);
    if (found != tensors.end() && found->second.file->path() == path) continue;
    throw_input(index_path, fmt::format("tensor {}", quoted(name)),
                fmt::format("is said to be in {}, but {}", quoted(file),
                            found == tensors.end() ? "no shard has it"
                                                   : "is in " + quoted(file_name(found->second.file->path()))));
  }
}

}  // namespace

WeightMap read_weight_map(const JsonCursor& index) {
  const JsonCursor list = index.at("weight_map");
  WeightMap tensors;
  for (const auto& [tensor, shard] : list.as_object()) {
    const JsonCursor entry(shard, index.file(), fmt::format("weight_map.{}", quoted(tensor)));
    check_shard_name(entry.as_string(), entry);
    tensors.emplace(tensor, shard.as_string());
  }
  if (tensors.empty()) list.fail("names no tensor");
  return tensors;
}

WeightMap parse_index(std::string_view text, const std::string& file) {
  const Json json = Json::parse(text, file);
  return read_weight_map(JsonCursor(json, file));
}

StoredTensors open_shards(const std::string& index_path, const OpenShard& open_shard, std::vector<std::string>& notes) {
  const Json json = read_json_object(index_path, kMaxIndexBytes);
  const WeightMap index = read_weight_map(JsonCursor(json, index_path));
  const std::set<std::string> names = shard_names(index);
  check_shards_exist(index_path, names);
  StoredTensors tensors;
  for (const std::string& name : names) add_shard(open_shard(join_path(parent_path(index_path), name)), tensors);
  check_index(index, index_path, tensors);
  if (tensors.size() > index.size()) {
    const auto extra =
        std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return !index.contains(t.first); });
    notes.push_back(fmt::format("{} leaves out {} tensors that its shards have, first {}", file_name(index_path),
                                tensors.size() - index.size(), quoted(extra->first)));
  }
  return tensors;
}

}  // namespace kerf::formats::safetensors
