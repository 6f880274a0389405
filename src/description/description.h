#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kerf/error.h"

#include "core/json.h"

namespace kerf::description {

struct SentencePieceModel;

/// What a model is, as data that formats, models and text share. A container without Hugging Face files (GGUF) fills
/// the same fields by writing its metadata in Hugging Face's terms.
struct Tokenizer {
  Json tokenizer_json;      ///< tokenizer.json's content, or null
  Json tokenizer_config;    ///< tokenizer_config.json's content, or null
  std::string source_file;  ///< for errors
  /// How conversations become text, where files of their own say so in place of tokenizer_config's chat_template: as
  /// there a string, or a list of {"name", "template"}; null otherwise.
  Json chat_template{};
  std::string chat_template_file{};  ///< for errors
  /// The SentencePiece model that cuts the text (description/sentence_piece.h); null: tokenizer_json says how.
  std::shared_ptr<const SentencePieceModel> sentence_piece{};
  std::optional<Error> refusal{};    ///< why the files that are there make no tokenizer, for who needs one
  std::vector<std::string> notes{};  ///< what was noticed and is harmless, one sentence each
};

/// The chat templates of a tokenizer, wherever they are; null if it has none.
inline Json chat_template_of(const Tokenizer& tokenizer) {
  if (!tokenizer.chat_template.is_null()) return tokenizer.chat_template;
  const Json* found = tokenizer.tokenizer_config.find("chat_template");
  return found == nullptr ? Json() : *found;
}

/// Hyperparameters that memory estimates, writers and reports need, whatever the family. 0: not applicable.
struct Hyperparameters {
  std::int64_t vocab_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t intermediate_size = 0;
  std::int64_t layers = 0;
  std::int64_t decoder_layers = 0;  ///< of an encoder with a decoder: how many of `layers` are the decoder's
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t context_length = 0;  ///< positions that the model was made for
  std::int64_t max_positions = 0;   ///< tokens that it cannot exceed (learned positions); 0: no such limit
  double norm_epsilon = 0;
  double rope_theta = 0;
  std::int64_t rotary_dim = 0;
  std::int64_t sliding_window = 0;     ///< positions that a layer with a window sees; 0: none has one
  std::int64_t windowed_layers = 0;    ///< layers that have one
  std::int64_t experts = 0;            ///< of a mixture
  std::int64_t experts_per_token = 0;  ///< that the router chooses
  double local_rope_theta = 0;         ///< of the layers with a window, where they have a rope of their own
  bool alibi = false;                  ///< positions as slopes of the scores
  std::string activation;
  std::string rope_type;
  bool tied_head = false;
  std::int64_t type_vocab_size = 0;  ///< kinds of segments that token_type_ids name
  bool relative_bias = false;        ///< positions as biases of the scores, by distance
};

/// What a model computes.
enum class Task { kCausalLm, kMaskedLm, kClassification, kSequenceToSequence, kFeatures };

/// As people call such a model, to stand behind an article.
inline std::string_view task_name(Task task) {
  switch (task) {
    case Task::kCausalLm:
      return "causal language model";
    case Task::kMaskedLm:
      return "masked language model";
    case Task::kClassification:
      return "classifier";
    case Task::kSequenceToSequence:
      return "encoder-decoder";
    case Task::kFeatures:
      break;
  }
  return "base model without a head";
}

/// The positions that tokens have unless they are given.
struct Positions {
  std::int64_t first = 0;        ///< of the first token
  std::int64_t skipped_id = -1;  ///< a token (padding) that is not counted and stands at first - 1; -1: all count
  bool by_mask = false;          ///< the same for tokens that the attention mask leaves out
};

/// The whole description of one model.
struct Model {
  std::string family;  ///< "llama", "gpt2"
  Hyperparameters hyperparameters;
  Json config;                                         ///< config.json in Hugging Face's terms
  std::int64_t bos_id = -1, eos_id = -1, pad_id = -1;  ///< -1: none
  bool causal = true;
  Task task = Task::kCausalLm;
  std::vector<std::string> labels;     ///< kClassification: names of the classes
  std::int64_t decoder_start_id = -1;  ///< kSequenceToSequence: what the decoder reads first
  Positions positions{};
  std::int64_t fixed_length = 0;  ///< tokens that every window has; 0: any number
  std::string head;  ///< the tensor that an output head of its own is, where the family knows one; there or not
};

}  // namespace kerf::description
