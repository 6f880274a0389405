#include "formats/safetensors/model_files.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "core/strings.h"
#include "formats/safetensors/shards.h"

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

void add_shard(const std::string& path, StoredTensors& all) {
  for (auto& [name, tensor] : Reader(path).stored()) {
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

bool any_matches(const std::vector<std::string>& names, std::initializer_list<std::string_view> patterns) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view p) { return glob_match(p, name); });
  });
}

[[noreturn]] void refuse_directory(const std::string& directory) {
  const std::vector<std::string> names = list_directory(directory);
  std::string found = "no model.safetensors";
  if (any_matches(names, {"model-*-of-*.safetensors"})) {
    found = "shards, but no model.safetensors.index.json that names them";
  } else if (any_matches(names, {"adapter_model.*"})) {
    found = "an adapter, not a model (no model.safetensors)";
  } else if (any_matches(names, {"*.safetensors"})) {
    found = "no model.safetensors, but other .safetensors files, which can be opened one by one";
  } else if (any_matches(names, {"pytorch_model*.bin", "*.pt", "*.pth", "*.bin", "*.ckpt"})) {
    found =
        "a PyTorch checkpoint, whose pickles kerf does not execute; convert it to safetensors first "
        "(save_pretrained with safe_serialization)";
  } else if (any_matches(names, {"*.gguf", "*.onnx"})) {
    found = "no model.safetensors, but a .gguf or .onnx file, which can be opened by its own name";
  } else if (any_matches(names, {"*.h5", "*.msgpack"})) {
    found = "a TensorFlow or Flax checkpoint; kerf reads safetensors";
  }
  throw_input(directory, "", "has " + found);
}

}  // namespace

WeightMap parse_index(std::string_view text, const std::string& file) {
  const Json json = Json::parse(text, file);
  const JsonCursor list = JsonCursor(json, file).at("weight_map");
  WeightMap tensors;
  for (const auto& [tensor, shard] : list.as_object()) {
    const JsonCursor entry(shard, file, fmt::format("weight_map.{}", quoted(tensor)));
    check_shard_name(entry.as_string(), entry);
    tensors.emplace(tensor, shard.as_string());
  }
  if (tensors.empty()) list.fail("names no tensor");
  return tensors;
}

StoredTensors open_shards(const std::string& index_path, std::vector<std::string>& notes) {
  const WeightMap index = parse_index(read_file(index_path, kMaxIndexBytes), index_path);
  const std::set<std::string> names = shard_names(index);
  check_shards_exist(index_path, names);
  StoredTensors tensors;
  for (const std::string& name : names) add_shard(join_path(parent_path(index_path), name), tensors);
  check_index(index, index_path, tensors);
  if (tensors.size() > index.size()) {
    const auto extra =
        std::find_if(tensors.begin(), tensors.end(), [&](const auto& t) { return !index.contains(t.first); });
    notes.push_back(fmt::format("{} leaves out {} tensors that its shards have, first {}", file_name(index_path),
                                tensors.size() - index.size(), quoted(extra->first)));
  }
  return tensors;
}

StoredTensors open_model_files(const std::string& directory, std::vector<std::string>& notes) {
  const std::string single = join_path(directory, kSingleFile);
  const std::string index = join_path(directory, kIndexFile);
  const bool has_index = path_exists(index);
  if (path_exists(single)) {
    if (has_index) notes.push_back(fmt::format("{} is there too and left aside", kIndexFile));
    return Reader(single).stored();
  }
  if (!has_index) refuse_directory(directory);
  return open_shards(index, notes);
}

}  // namespace kerf::formats::safetensors
