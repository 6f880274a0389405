#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "description/description.h"

namespace kerf::formats::gguf {

/// How a tensor's rows are ordered in the file.
enum class RowOrder {
  kSame,
  kInterleavedQuery,  ///< rotary pairs side by side within each head (see rotary_rows), `heads` heads
  kInterleavedKey,    ///< the same with `kv_heads` heads
};

/// One tensor of an architecture under both names; "{}" stands for the number of the layer.
struct TensorRule {
  std::string_view hugging_face;
  std::string_view gguf;
  bool required = true;
  RowOrder order = RowOrder::kSame;
  /// The checkpoint stores [in, out] (GPT-2's Conv1D) and the file [out, in].
  bool transposed = false;
};

/// One hyperparameter: config.json's key, the GGUF key after "ARCHITECTURE.", and where kerf keeps it.
struct HyperparameterRule {
  std::string_view config_key;
  std::string_view gguf_key;
  std::variant<std::int64_t description::Hyperparameters::*, double description::Hyperparameters::*> member;
  bool required = true;  ///< in a file that is read
};

/// A property of config.json that GGUF cannot say, because llama.cpp's graph of the architecture takes it for granted.
struct FixedRule {
  std::string_view config_key;
  std::vector<Json> values;  ///< those that llama.cpp computes; the first is what reading says, and the default
};

/// A model family that GGUF files hold; formats/gguf/architectures.def lists them all.
struct Architecture {
  std::string_view name;                     ///< general.architecture
  std::string_view model_type;               ///< config.json's
  std::string_view class_name;               ///< config.json's architectures[0]
  std::string_view optional_prefix;          ///< that checkpoints of the bare model leave out: "model."
  bool rotary = false;                       ///< positions by rotation: rope.* keys
  std::string_view attention_bias_key = {};  ///< config.json's flag for biases of q, k, v; empty: none
  std::string_view mlp_bias_key = {};        ///< ... of gate, up, down
  std::vector<TensorRule> tensors;
  std::vector<HyperparameterRule> hyperparameters;
  std::vector<FixedRule> fixed;
};

const std::vector<const Architecture*>& architectures();
/// By general.architecture / by config.json's model_type; nullptr if this build has none.
const Architecture* find_architecture(std::string_view name);
const Architecture* find_architecture_of(std::string_view model_type);

/// A tensor's rule together with its layer (-1: outside the layers).
struct TensorMatch {
  const TensorRule* rule = nullptr;
  std::int64_t layer = -1;
};

/// Finds the rule of a checkpoint's name (with or without the optional prefix) or of a file's.
std::optional<TensorMatch> match_hugging_face(const Architecture& architecture, std::string_view name);
std::optional<TensorMatch> match_gguf(const Architecture& architecture, std::string_view name);
/// The pattern with the layer's number in place of "{}".
std::string expand(std::string_view pattern, std::int64_t layer);

/// Row order of q and k in GGUF's llama architecture: within each of `heads` heads, row 2j + t of the file is row
/// t*(d/2) + j of the Hugging Face weight, d rows a head (llama.cpp rotates neighbouring pairs, Hugging Face halves).
/// result[i] is the Hugging Face row that is row i of the file. `rows` is a multiple of 2*heads.
std::vector<std::int64_t> rotary_rows(std::int64_t rows, std::int64_t heads);
/// The inverse of a permutation.
std::vector<std::int64_t> inverse_rows(const std::vector<std::int64_t>& rows);

}  // namespace kerf::formats::gguf
