#include "formats/huggingface.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/container.h"
#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/model_files.h"
#include "formats/safetensors/reader.h"
#include "formats/safetensors/shards.h"
#include "formats/safetensors/unusual_dtypes.h"
#include "formats/tokenizer_files/folder.h"

namespace kerf::formats {
namespace {

constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{16} << 20;
/// A vocabulary of a million entries takes about 100 MB.
constexpr std::uint64_t kMaxTokenizerBytes = std::uint64_t{256} << 20;
constexpr std::string_view kConfigFile = "config.json";
constexpr std::string_view kTokenizerFile = "tokenizer.json";
constexpr std::string_view kTokenizerConfigFile = "tokenizer_config.json";
constexpr std::string_view kSafetensorsEnding = ".safetensors";

/// What belongs to a model whatever its weights' precision: the tokenizer, how to generate, and the terms of use.
constexpr std::array<std::string_view, 20> kCarried = {
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "tokenizer.model",
    "spiece.model",
    "*.tiktoken",
    "sentencepiece.*",
    "generation_config.json",
    "chat_template.*",
    "LICENSE*",
    "LICENCE*",
    "COPYING*",
    "NOTICE*",
    "USE_POLICY*",
    "preprocessor_config.json",
    "processor_config.json",
};

Json read_json(const std::string& path, std::uint64_t limit_bytes) {
  Json json = Json::parse(read_file(path, limit_bytes), path);
  if (!json.is_object()) throw_input(path, "", fmt::format("holds {}, expected an object", json.kind()));
  return json;
}

std::vector<std::string> find_carried_files(const std::string& directory) {
  std::vector<std::string> files;
  for (const std::string& name : list_directory(directory)) {
    const bool is_carried = std::any_of(kCarried.begin(), kCarried.end(),
                                        [&](std::string_view pattern) { return glob_match(pattern, name); });
    std::string path = join_path(directory, name);
    if (is_carried && is_regular_file(path)) files.push_back(std::move(path));
  }
  return files;
}

/// The cache folder of a model holds its revisions in snapshots/, and in refs/main the name of the current one.
std::string resolve_cache_folder(const std::string& directory) {
  constexpr std::uint64_t kMaxReferenceBytes = 256;
  const std::string reference = join_path(directory, "refs/main");
  if (path_exists(join_path(directory, kConfigFile)) || !path_exists(reference)) return directory;
  std::string revision = read_file(reference, kMaxReferenceBytes);
  while (!revision.empty() && (revision.back() == '\n' || revision.back() == '\r')) revision.pop_back();
  check_relative_path(revision, reference, "");
  return join_path(join_path(directory, "snapshots"), revision);
}

/// A shard that is named by itself is a mistake with a simple remedy.
void check_not_a_shard(const std::string& path) {
  const std::string index = join_path(parent_path(path), safetensors::kIndexFile);
  if (glob_match("*-of-*.safetensors", file_name(path)) && path_exists(index)) {
    throw_input(path, "", "is one shard of several; open the directory that holds them");
  }
}

std::string method_of(const JsonCursor& quantization) {
  const auto method = quantization.get("quant_method");
  if (!method) quantization.fail("has no quant_method, so that kerf cannot tell how the weights are stored");
  return method->as_string();
}

void add_notes(std::vector<std::string> notes, Checkpoint& checkpoint) {
  for (std::string& note : notes) checkpoint.notes.push_back(std::move(note));
}

/// Presents the tensors as config.json says they are stored.
void decode_tensors(const safetensors::StoredTensors& tensors, Checkpoint& checkpoint) {
  const JsonCursor config(checkpoint.config, checkpoint.config_file);
  // Releases before mid-2024 said compression_config.
  const std::string_view key = config.has("quantization_config") ? "quantization_config" : "compression_config";
  if (const auto quantization = config.get(key)) {
    const std::string method = method_of(*quantization);
    const safetensors::LayoutInfo* layout = safetensors::find_layout(method);
    if (layout == nullptr) {
      quantization->fail(fmt::format("the model is quantized with {}, which kerf does not read; it reads {}",
                                     quoted(method), join(safetensors::layout_names(), ", ")));
    }
    checkpoint.tensors = layout->decode(*quantization, tensors);
    checkpoint.layout = layout->name;
    add_notes(safetensors::note_unusual_dtypes(tensors, true), checkpoint);
    checkpoint.config.as_object().erase(key);
    return;
  }
  add_notes(safetensors::note_unusual_dtypes(tensors, false), checkpoint);
  for (const auto& [name, tensor] : tensors) checkpoint.tensors.emplace(name, safetensors::make_source(tensor));
}

safetensors::StoredTensors open_tensors(const std::string& path, bool is_file, std::vector<std::string>& notes) {
  if (!is_file) return safetensors::open_model_files(path, notes);
  check_not_a_shard(path);
  return safetensors::Reader(path).stored();
}

bool looks_like_safetensors(const std::string& path) {
  if (ends_with(path, kSafetensorsEnding)) return true;
  // Files of the Hub's cache have no ending: a small length, then a JSON object.
  std::array<std::byte, 9> start{};
  try {
    InputFile::open(path)->read(0, start);
  } catch (const Error&) {
    return false;
  }
  std::uint64_t length = 0;
  std::memcpy(&length, start.data(), sizeof(length));
  return length >= 2 && length <= safetensors::kMaxHeaderBytes && start[8] == std::byte{'{'};
}

bool matches(const std::string& path) { return is_directory(path) || looks_like_safetensors(path); }

}  // namespace

description::Tokenizer read_tokenizer(const std::string& path) {
  const std::string directory = is_directory(path) ? path : parent_path(path);
  description::Tokenizer tokenizer;
  tokenizer.source_file = directory == path ? join_path(directory, kTokenizerFile) : path;
  const std::string config = join_path(directory, kTokenizerConfigFile);
  if (path_exists(config)) tokenizer.tokenizer_config = read_json(config, kMaxConfigBytes);
  if (path_exists(tokenizer.source_file)) {
    tokenizer.tokenizer_json = read_json(tokenizer.source_file, kMaxTokenizerBytes);
  } else if (directory == path) {
    tokenizer_files::read_older_tokenizer(directory, tokenizer);
  }
  return tokenizer;
}

Checkpoint open_huggingface(const std::string& path) {
  const bool is_file = !is_directory(path);
  const std::string model = is_file ? path : resolve_cache_folder(path);
  const std::string directory = is_file ? parent_path(path) : model;
  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.format = huggingface_container().name;
  checkpoint.config_file = join_path(directory, kConfigFile);
  if (!path_exists(checkpoint.config_file)) {
    throw_input(directory, "", "has no config.json, which says what the model is");
  }
  checkpoint.config = read_json(checkpoint.config_file, kMaxConfigBytes);
  decode_tensors(open_tensors(model, is_file, checkpoint.notes), checkpoint);
  checkpoint.tokenizer = read_tokenizer(directory);
  checkpoint.carried_files = find_carried_files(directory);
  return checkpoint;
}

const ContainerInfo& huggingface_container() {
  static const ContainerInfo container{
      .name = "huggingface",
      .summary = "a Hugging Face directory with safetensors, or a .safetensors file with config.json beside it",
      .matches = matches,
      .open = open_huggingface,
  };
  return container;
}

}  // namespace kerf::formats
