#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codec/activation.h"
#include "core/json.h"
#include "description/description.h"
#include "graph/graph.h"
#include "graph/tensor_source.h"

namespace kerf::formats {

/// A model whose file says itself how it computes (ONNX): what models::build_model() makes of the others.
struct ImportedModel {
  description::Model description;
  graph::Graph graph;
  graph::SourceMap stored{};  ///< what the file holds by name, whatever the graph makes of it
};

/// What a container holds, before anybody knows the architecture, in Hugging Face's terms: a GGUF file's metadata
/// appears here as the config.json and tokenizer.json that it was made from would say it.
struct Checkpoint {
  std::string path;         ///< as the user gave it
  std::string format;       ///< "huggingface", "gguf", "onnx"
  std::string layout;       ///< of quantized weights: "compressed-tensors"; empty if the container needs none
  Json config;              ///< config.json, without the quantization_config that the tensors were decoded by
  std::string config_file;  ///< where it came from, for errors
  graph::SourceMap tensors;
  /// The model, if the container brings its graph; then `tensors` is empty, and config, where there is one, only says
  /// more about it. Null: config and tensors say it.
  std::shared_ptr<const ImportedModel> imported{};
  /// How the model says that the input of linear modules is rounded, by the name of their weight.
  std::map<std::string, std::shared_ptr<const codec::ActivationQuantizer>> activations;
  std::vector<std::string> tensor_files;  ///< the files that they are in, sorted
  description::Tokenizer tokenizer;
  /// Files of a Hugging Face directory that travel unchanged with a converted model (tokenizer files,
  /// generation_config.json, chat templates, licences), full paths, sorted.
  std::vector<std::string> carried_files;
  std::vector<std::string> notes;  ///< what was noticed and is harmless, one sentence each
};

/// What a user allows and says beside the path.
struct OpenOptions {
  bool allow_bin = false;  ///< read PyTorch's pickles, as data
};

/// Opens a model: a directory as save_pretrained writes it, a .safetensors file with config.json beside it, a
/// .gguf or an .onnx file. Reads headers only. Error(kInput) naming the file and what is wrong.
Checkpoint open_checkpoint(const std::string& path, const OpenOptions& options = {});

}  // namespace kerf::formats
