#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// What calls read: models and text.
namespace kerf {

/// A low-rank adapter as peft saves it: a folder with adapter_config.json and adapter_model.safetensors.
struct Adapter {
  std::string folder;
  double weight = 1;  ///< times its own scaling
};

/// A model: where it is, and how to read it.
struct ModelInput {
  ModelInput() = default;
  ModelInput(std::string model_path) : path(std::move(model_path)) {}
  ModelInput(const char* model_path) : path(model_path) {}
  std::string path;
  std::string family;      ///< architecture, in place of config.json's model_type; empty: what that says
  bool allow_bin = false;  ///< read PyTorch's pytorch_model.bin, whose pickles are taken as data and never executed
  std::vector<Adapter> adapters;  ///< merged into the weights as they are read, one after the other
};

/// Where tokens come from.
struct TextInput {
  std::vector<std::string> files;  ///< .txt, or .jsonl with `text` (with `chat` also `messages`); concatenated
  std::string tokens_file;         ///< .safetensors or .jsonl of ids, instead of files
  std::string tokenizer;           ///< folder or tokenizer.json; empty: the model's own
  std::int64_t mask_token = -1;    ///< id of a masked language model's mask; -1: the tokenizer's or configuration's
  bool chat = false;               ///< .jsonl lines with `messages` become text by the model's chat template
  std::string chat_template;       ///< file of a template in place of the model's
};

}  // namespace kerf
