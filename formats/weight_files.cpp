#include "formats/weight_files.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/impostor.h"
#include "formats/pytorch/reader.h"
#include "formats/safetensors/shard_index.h"
#include "formats/safetensors/shards.h"

namespace kerf::formats {
namespace {

using safetensors::StoredTensors;

constexpr std::string_view kBinFile = "pytorch_model.bin", kBinIndexFile = "pytorch_model.bin.index.json";
/// What the names of unfinished downloads end in: of the Hub's client, browsers, aria2.
constexpr std::array<std::string_view, 5> kUnfinished = {".incomplete", ".part", ".crdownload", ".aria2", ".download"};

using Names = std::vector<std::string>;

std::optional<std::string> first_match(const Names& names, std::initializer_list<std::string_view> patterns) {
  for (const std::string_view pattern : patterns) {
    for (const std::string& name : names) {
      if (glob_match(pattern, name)) return name;
    }
  }
  return std::nullopt;
}

/// A file of the directory, or of the places where the Hub's client keeps them, that is still being downloaded.
std::optional<std::string> find_unfinished(const std::string& directory) {
  for (const std::string_view place : {"", ".cache/huggingface/download", "../../blobs"}) {
    const std::string folder = place.empty() ? directory : join_path(directory, place);
    if (!is_directory(folder)) continue;
    for (const std::string& name : list_directory(folder)) {
      const auto ends = [&](std::string_view ending) { return ends_with(name, ending); };
      if (std::any_of(kUnfinished.begin(), kUnfinished.end(), ends)) return join_path(place, name);
    }
  }
  return std::nullopt;
}

/// A download in progress may have its full size already, filled with zeros.
void check_finished(const std::string& path) {
  for (const std::string_view ending : kUnfinished) {
    const std::string partial = path + std::string(ending);
    if (!path_exists(partial)) continue;
    throw_input(
        path, "",
        fmt::format("is an unfinished download: {} is beside it; let it finish first", quoted(file_name(partial))));
  }
}

/// MODEL may name an index, which is how variants in shards are opened.
bool is_index(std::string_view path) {
  return glob_match("*.safetensors.index*.json", path) || glob_match("*.bin.index*.json", path);
}

std::string start_of(const std::string& path) { return read_start(*InputFile::open(path)); }

[[noreturn]] void refuse_bin(const std::string& path) {
  if (!is_index(path)) pytorch::check_start(path, start_of(path));
  throw_input(path, "",
              "is a PyTorch checkpoint, a pickle; convert it to safetensors (save_pretrained does), or read it with "
              "--allow-bin, which takes the pickle as data and executes nothing");
}

/// What the directory has instead of a model's weights, and what to do about it.
std::string describe_directory(const Names& names) {
  if (first_match(names, {"model-*-of-*.safetensors"})) {
    return "shards, but no model.safetensors.index.json that names them; download it too";
  }
  if (first_match(names, {"adapter_model.*"})) return "an adapter, not a model (no model.safetensors)";
  if (const auto name = first_match(names, {"model.safetensors.index.*.json", "model.*.safetensors"})) {
    return fmt::format("no model.safetensors, but the variant {}; open that file by its own name", quoted(*name));
  }
  if (first_match(names, {"consolidated*.safetensors"})) {
    return "consolidated.safetensors only, whose names are not those of transformers; download model*.safetensors too";
  }
  if (const auto name = first_match(names, {"*.safetensors"})) {
    return fmt::format("no model.safetensors, but {}; a file can be opened by its own name", quoted(*name));
  }
  if (const auto name = first_match(names, {"pytorch_model*.bin", "consolidated*.pth", "*.pth", "*.pt", "*.ckpt"})) {
    return fmt::format("no model.safetensors, but {}, which can be opened by its own name with --allow-bin",
                       quoted(*name));
  }
  if (const auto name = first_match(names, {"*.gguf", "*.onnx"})) {
    return fmt::format("no model.safetensors, but {}, which can be opened by its own name", quoted(*name));
  }
  if (const auto name = first_match(names, {"*.h5", "*.msgpack", "*.ckpt.index"})) {
    return fmt::format("no model.safetensors, but {} of TensorFlow or Flax; kerf reads safetensors", quoted(*name));
  }
  return "no model.safetensors";
}

[[noreturn]] void refuse_directory(const std::string& directory) {
  if (const auto partial = find_unfinished(directory)) {
    throw_input(directory, "",
                fmt::format("has no model.safetensors yet: {} is an unfinished download; let it finish first",
                            quoted(*partial)));
  }
  const Names names = list_directory(directory);
  for (const std::string& name : names) {
    const std::string path = join_path(directory, name);
    if (!is_broken_link(path)) continue;
    throw_input(path, "", "is a link to a file that is not there; download the model again");
  }
  throw_input(directory, "", "has " + describe_directory(names));
}

/// Names the other copies of the model that the directory holds.
void note_others(const std::string& directory, std::string_view taken, std::vector<std::string>& notes) {
  for (const std::string& name : list_directory(directory)) {
    const bool is_copy = name == safetensors::kIndexFile || name == kBinFile || name == kBinIndexFile ||
                         glob_match("model.*.safetensors", name) || glob_match("consolidated*.safetensors", name);
    if (name == taken || !is_copy) continue;
    notes.push_back(fmt::format("{} is there too and left aside", quoted(name)));
  }
}

StoredTensors open_safetensors(const std::string& path) {
  check_finished(path);
  return safetensors::Reader(path).stored();
}

StoredTensors open_bin(const std::string& path, const OpenOptions& options, std::vector<std::string>& notes) {
  check_finished(path);
  if (!options.allow_bin) refuse_bin(path);
  return pytorch::open_checkpoint_file(path, notes);
}

StoredTensors open_index(const std::string& path, const OpenOptions& options, std::vector<std::string>& notes) {
  if (!glob_match("*.bin.index*.json", path)) return safetensors::open_shards(path, open_safetensors, notes);
  if (!options.allow_bin) refuse_bin(path);
  const auto open = [&](const std::string& shard) { return open_bin(shard, options, notes); };
  return safetensors::open_shards(path, open, notes);
}

/// A shard that is named by itself is a mistake with a simple remedy.
void check_not_a_shard(const std::string& path) {
  const std::string name = file_name(path);
  for (const auto& [pattern, index] :
       {std::pair("*-of-*.safetensors", safetensors::kIndexFile), std::pair("*-of-*.bin", kBinIndexFile)}) {
    if (glob_match(pattern, name) && path_exists(join_path(parent_path(path), index))) {
      throw_input(path, "", "is one shard of several; open the directory that holds them");
    }
  }
}

}  // namespace

StoredTensors open_weights(const std::string& directory, const OpenOptions& options, std::vector<std::string>& notes) {
  for (const std::string_view name : {safetensors::kSingleFile, safetensors::kIndexFile, kBinFile, kBinIndexFile}) {
    const std::string path = join_path(directory, name);
    if (!path_exists(path)) continue;
    note_others(directory, name, notes);
    return open_weight_file(path, options, notes);
  }
  refuse_directory(directory);
}

StoredTensors open_weight_file(const std::string& path, const OpenOptions& options, std::vector<std::string>& notes) {
  if (is_index(path)) return open_index(path, options, notes);
  check_not_a_shard(path);
  check_finished(path);
  if (ends_with(path, ".safetensors") || !pytorch::looks_like_checkpoint(file_name(path), start_of(path))) {
    return open_safetensors(path);
  }
  return open_bin(path, options, notes);
}

}  // namespace kerf::formats
