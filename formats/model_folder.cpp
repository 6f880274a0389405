#include "formats/model_folder.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/impostor.h"

namespace kerf::formats {
namespace {

constexpr std::string_view kConfigFile = "config.json";

std::string read_reference(const std::string& path) {
  constexpr std::uint64_t kMaxReferenceBytes = 256;
  std::string revision = read_file(path, kMaxReferenceBytes);
  while (!revision.empty() && (revision.back() == '\n' || revision.back() == '\r')) revision.pop_back();
  check_relative_path(revision, path, "");
  return revision;
}

/// Folders below `directory` that hold a model of their own.
std::vector<std::string> models_inside(const std::string& directory) {
  std::vector<std::string> models;
  for (const std::string& name : list_directory(directory)) {
    const std::string path = join_path(directory, name);
    const bool is_model = path_exists(join_path(path, kConfigFile)) || path_exists(join_path(path, "refs/main"));
    if (is_directory(path) && is_model) models.push_back(name);
  }
  return models;
}

/// The first few names, for an error.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 4;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) shown.push_back(quoted(names[i]));
  return join(shown, ", ") + (names.size() > kShown ? ", ..." : "");
}

std::string base_of_adapter(const std::string& path) {
  constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{1} << 20;
  const Json config = read_json_object(path, kMaxConfigBytes);
  const Json* base = config.find("base_model_name_or_path");
  return base != nullptr && base->is_string() ? quoted(base->as_string()) : "its base model";
}

}  // namespace

std::string resolve_cache_folder(const std::string& directory) {
  const std::string snapshots = join_path(directory, "snapshots");
  if (path_exists(join_path(directory, kConfigFile)) || !is_directory(snapshots)) return directory;
  const std::string reference = join_path(directory, "refs/main");
  if (path_exists(reference)) {
    std::string snapshot = join_path(snapshots, read_reference(reference));
    if (!is_directory(snapshot)) {
      throw_input(
          reference, "",
          fmt::format("names {}, which is not in the cache; download the model again", quoted(file_name(snapshot))));
    }
    return snapshot;
  }
  // Downloaded by the name of a revision: there is no other to mean than the only one.
  const std::vector<std::string> revisions = list_directory(snapshots);
  if (revisions.size() == 1) return join_path(snapshots, revisions.front());
  throw_input(
      directory, "",
      fmt::format("is a cache folder with {} revisions and no refs/main; open one below snapshots/", revisions.size()));
}

void refuse_without_config(const std::string& directory) {
  const auto has = [&](std::string_view name) { return path_exists(join_path(directory, name)); };
  const auto refuse = [&](const std::string& what) { throw_input(directory, "", what); };
  if (is_broken_link(join_path(directory, kConfigFile))) {
    throw_input(join_path(directory, kConfigFile), "",
                "is a link to a file that is not there; download the model again");
  }
  if (const std::string adapter = join_path(directory, "adapter_config.json"); path_exists(adapter)) {
    refuse(fmt::format("is an adapter of {}, not a model; open that model, and the adapter with --lora",
                       base_of_adapter(adapter)));
  }
  if (has("model_index.json")) refuse("is a pipeline of diffusers (model_index.json), expected a language model");
  const std::vector<std::string> models = models_inside(directory);
  if (models.size() == 1) refuse(fmt::format("has no config.json, but its folder {} has; open that", some_of(models)));
  if (models.size() > 1) {
    refuse(fmt::format("holds {} models ({}), expected one; open it by its own name", models.size(), some_of(models)));
  }
  if (has("params.json")) {
    refuse("has params.json in place of config.json: the layout of the first release; open the transformers version");
  }
  if (has("tokenizer.json") || has("tokenizer.model") || has("vocab.json") || has("vocab.txt")) {
    refuse("holds a tokenizer and no model (no config.json)");
  }
  throw_input(directory, "", "has no config.json, which says what the model is");
}

std::optional<std::string> find_onnx_model(const std::string& directory) {
  const std::string folder = resolve_cache_folder(directory);
  for (const std::string& name : list_directory(folder)) {
    for (const std::string_view pattern : {"*.safetensors", "*.safetensors.index*.json", "pytorch_model*", "*.gguf"}) {
      if (glob_match(pattern, name)) return std::nullopt;
    }
  }
  for (const std::string_view place : {"", "onnx"}) {
    const std::string inside = place.empty() ? folder : join_path(folder, place);
    for (const std::string_view name : {"model.onnx", "decoder_model_merged.onnx", "decoder_model.onnx"}) {
      // A decoder whose encoder is another file reads what that computes.
      if (name != "model.onnx" && path_exists(join_path(inside, "encoder_model.onnx"))) continue;
      if (is_regular_file(join_path(inside, name))) return join_path(inside, name);
    }
  }
  return std::nullopt;
}

}  // namespace kerf::formats
