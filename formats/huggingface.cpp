#include "formats/huggingface.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/container.h"
#include "formats/impostor.h"
#include "formats/model_folder.h"
#include "formats/pytorch/reader.h"
#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/reader.h"
#include "formats/safetensors/unusual_dtypes.h"
#include "formats/text_part.h"
#include "formats/tokenizer_files/folder.h"
#include "formats/tokenizer_files/special_tokens.h"
#include "formats/weight_files.h"

namespace kerf::formats {
namespace {

constexpr std::uint64_t kMaxConfigBytes = std::uint64_t{16} << 20;
/// A vocabulary of a million entries takes about 100 MB.
constexpr std::uint64_t kMaxTokenizerBytes = std::uint64_t{256} << 20;
constexpr std::string_view kConfigFile = "config.json";
constexpr std::string_view kTokenizerFile = "tokenizer.json";
constexpr std::string_view kTokenizerConfigFile = "tokenizer_config.json";
constexpr std::string_view kQuantizationConfig = "quantization_config";
/// Releases of compressed-tensors before mid-2024 said so.
constexpr std::string_view kOldQuantizationConfig = "compression_config";
constexpr std::string_view kSpecialTokensFile = "special_tokens_map.json";

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

/// A key of config.json that says how tensors are stored, and the layout that reads them.
struct Quantization {
  std::string_view key;
  const safetensors::LayoutInfo* layout;
};

const safetensors::LayoutInfo& layout_of(const JsonCursor& quantization) {
  const auto method = quantization.get("quant_method");
  if (!method) quantization.fail("has no quant_method, so that kerf cannot tell how the weights are stored");
  const std::string name = method->as_string();
  const safetensors::LayoutInfo* layout = safetensors::find_layout_of(name);
  if (layout == nullptr) {
    quantization.fail(fmt::format("the model is quantized with {}, which kerf does not read; it reads {}", quoted(name),
                                  join(safetensors::layout_methods(), ", ")));
  }
  return *layout;
}

std::optional<Quantization> find_quantization(const JsonCursor& config) {
  // Keys that one layout alone has name no method.
  for (const safetensors::LayoutInfo* layout : safetensors::layouts()) {
    const std::string_view key = layout->config_keys.front();
    if (key != kQuantizationConfig && config.has(key)) return Quantization{key, layout};
  }
  for (const std::string_view key : {kQuantizationConfig, kOldQuantizationConfig}) {
    if (const auto quantization = config.get(key)) return Quantization{key, &layout_of(*quantization)};
  }
  return std::nullopt;
}

/// Modules of a GPT-2 that are "Conv1D": their weights are [in, out] in plain checkpoints, but [out, in] in layouts
/// that store them as linear modules.
constexpr std::array<std::string_view, 4> kConv1d = {"attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight",
                                                     "mlp.c_proj.weight"};

void transpose_conv1d(Checkpoint& checkpoint) {
  const Json* family = checkpoint.config.find("model_type");
  if (family == nullptr || !family->is_string() || family->as_string() != "gpt2") return;
  for (auto& [name, source] : checkpoint.tensors) {
    const bool is_conv1d = std::any_of(kConv1d.begin(), kConv1d.end(),
                                       [&, &tensor = name](std::string_view end) { return ends_with(tensor, end); });
    if (is_conv1d && source->rounded_to()) source = graph::make_transposed_source(source);
  }
}

void add_notes(std::vector<std::string> notes, Checkpoint& checkpoint) {
  for (std::string& note : notes) checkpoint.notes.push_back(std::move(note));
}

/// Says that activations are rounded, and how.
std::vector<std::string> note_activations(const safetensors::ActivationMap& activations) {
  std::map<std::string, std::size_t> modules;
  for (const auto& [weight, quantizer] : activations) ++modules[quantizer->scheme().name];
  std::vector<std::string> notes;
  for (const auto& [scheme, count] : modules) {
    notes.push_back(
        fmt::format("activations are rounded as config.json asks: {} before {} of its linear layers", scheme, count));
  }
  return notes;
}

/// Presents the tensors as config.json says they are stored.
void decode_tensors(const safetensors::StoredTensors& tensors, Checkpoint& checkpoint) {
  const JsonCursor config(checkpoint.config, checkpoint.config_file);
  if (const auto found = find_quantization(config)) {
    const JsonCursor quantization = config.at(found->key);
    const safetensors::LayoutInfo& layout = *found->layout;
    checkpoint.tensors = layout.decode(quantization, tensors);
    checkpoint.layout = layout.name;
    if (layout.conv1d) transpose_conv1d(checkpoint);
    if (layout.activations != nullptr) checkpoint.activations = layout.activations(quantization, tensors);
    add_notes(note_activations(checkpoint.activations), checkpoint);
    add_notes(safetensors::note_unusual_dtypes(tensors, true, !checkpoint.activations.empty()), checkpoint);
    for (const std::string_view key : layout.config_keys) checkpoint.config.as_object().erase(key);
    checkpoint.config.as_object().erase(found->key);
    return;
  }
  add_notes(safetensors::note_unusual_dtypes(tensors, false), checkpoint);
  for (const auto& [name, tensor] : tensors) checkpoint.tensors.emplace(name, safetensors::make_source(tensor));
}

std::vector<std::string> files_of(const safetensors::StoredTensors& tensors) {
  std::set<std::string> files;
  for (const auto& [name, tensor] : tensors) files.insert(tensor.file->path());
  return {files.begin(), files.end()};
}

/// A small length, then a JSON object.
bool looks_like_safetensors(std::string_view start) {
  std::uint64_t length = 0;
  if (start.size() <= sizeof(length)) return false;
  std::memcpy(&length, start.data(), sizeof(length));
  return length >= 2 && length <= safetensors::kMaxHeaderBytes && start[sizeof(length)] == '{';
}

bool matches(const std::string& path) {
  if (is_directory(path)) return !find_onnx_model(path);
  if (ends_with(path, ".safetensors") || glob_match("*.index*.json", path)) return true;
  std::string start;
  try {
    start = read_start(*InputFile::open(path));
  } catch (const Error&) {
    return false;
  }
  if (starts_with(start, "GGUF")) return false;  // whatever its name is
  // Files of the Hub's cache have no ending.
  return looks_like_safetensors(start) || pytorch::looks_like_checkpoint(file_name(path), start);
}

Json with_mapped_roles(Json tokenizer_config, const std::string& directory) {
  const std::string file = join_path(directory, kSpecialTokensFile);
  if (!path_exists(file)) return tokenizer_config;
  const Json map = read_json_object(file, kMaxConfigBytes);
  return tokenizer_files::with_mapped_roles(std::move(tokenizer_config), {map, file});
}

/// chat_template.jinja, and the others in additional_chat_templates, as transformers saves them since 4.51.
void read_chat_templates(const std::string& directory, description::Tokenizer& tokenizer) {
  constexpr std::string_view kEnding = ".jinja";
  const std::string main = join_path(directory, "chat_template.jinja");
  const std::string others = join_path(directory, "additional_chat_templates");
  if (!path_exists(main)) return;
  tokenizer.chat_template_file = main;
  tokenizer.chat_template = read_file(main, kMaxConfigBytes);
  if (!is_directory(others)) return;
  Json list = Json::array();
  const auto add = [&](std::string_view name, std::string text) {
    Json entry = Json::object();
    entry.set("name", name);
    entry.set("template", std::move(text));
    list.push_back(std::move(entry));
  };
  add("default", tokenizer.chat_template.as_string());
  for (const std::string& name : list_directory(others)) {
    if (!ends_with(name, kEnding)) continue;
    add(name.substr(0, name.size() - kEnding.size()), read_file(join_path(others, name), kMaxConfigBytes));
  }
  tokenizer.chat_template = std::move(list);
}

}  // namespace

description::Tokenizer read_tokenizer(const std::string& path) {
  const bool is_folder = is_directory(path);
  const std::string directory = is_folder ? resolve_cache_folder(path) : parent_path(path);
  description::Tokenizer tokenizer;
  tokenizer.source_file = is_folder ? join_path(directory, kTokenizerFile) : path;
  const std::string config = join_path(directory, kTokenizerConfigFile);
  if (path_exists(config)) tokenizer.tokenizer_config = read_json_object(config, kMaxConfigBytes);
  if (path_exists(tokenizer.source_file)) {
    tokenizer.tokenizer_json = read_json_object(tokenizer.source_file, kMaxTokenizerBytes);
    tokenizer.tokenizer_config = with_mapped_roles(std::move(tokenizer.tokenizer_config), directory);
  } else if (is_folder) {
    tokenizer_files::read_older_tokenizer(directory, tokenizer);
  }
  read_chat_templates(directory, tokenizer);
  return tokenizer;
}

Checkpoint open_huggingface(const std::string& path, const OpenOptions& options) {
  const bool is_file = !is_directory(path);
  const std::string directory = is_file ? parent_path(path) : resolve_cache_folder(path);
  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.format = huggingface_container().name;
  checkpoint.config_file = join_path(directory, kConfigFile);
  if (!path_exists(checkpoint.config_file)) refuse_without_config(directory);
  checkpoint.config = read_json_object(checkpoint.config_file, kMaxConfigBytes);
  auto tensors =
      is_file ? open_weight_file(path, options, checkpoint.notes) : open_weights(directory, options, checkpoint.notes);
  checkpoint.tensor_files = files_of(tensors);
  take_text_part(checkpoint, tensors);
  decode_tensors(tensors, checkpoint);
  checkpoint.tokenizer = read_tokenizer(directory);
  checkpoint.carried_files = find_carried_files(directory);
  return checkpoint;
}

const ContainerInfo& huggingface_container() {
  static const ContainerInfo container{
      .name = "huggingface",
      .summary =
          "a Hugging Face directory with safetensors (or, with --allow-bin, pytorch_model.bin), or a .safetensors file "
          "with config.json beside it",
      .matches = matches,
      .open = open_huggingface,
  };
  return container;
}

}  // namespace kerf::formats
