#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/json.h"
#include "description/description.h"
#include "formats/gguf/container.h"
#include "formats/gguf/metadata_reader.h"

namespace kerf::formats::gguf {

/// How a tensor's rows are ordered in the file.
enum class RowOrder {
  kSame,
  kInterleavedQuery,  ///< rotary pairs side by side within each head (see rotary_rows), `heads` heads
  kInterleavedKey,    ///< the same with `kv_heads` heads
  kFusedByHead,       ///< the checkpoint has q, k, v of each head; the file all q, all k, all v (see fused_rows)
};

/// How the file keeps the values of a tensor.
enum class Values {
  kSame,
  kPlusOne,  ///< 1 + w: the checkpoint's norm multiplies by that, llama.cpp's by what is in the file
  kFloat32,  ///< as f32 where they would stay as they are: llama.cpp's loaders expect it
};

/// One tensor of an architecture under both names; "{}" stands for the number of the layer. With "{#}" in the
/// checkpoint's name the file's tensor is a stack of the checkpoint's [parts, ...]: experts, or heads.
struct TensorRule {
  std::string hugging_face;
  std::string gguf;
  bool required = true;
  RowOrder order = RowOrder::kSame;
  /// The checkpoint stores [in, out] (GPT-2's Conv1D) and the file [out, in].
  bool transposed = false;
  Values values = Values::kSame;
  /// Of a stack: how many parts it has.
  std::int64_t description::Hyperparameters::*parts = nullptr;
  /// The rule holds only in files that have this tensor too; empty: in all.
  std::string beside = {};
};

/// A value of config.json that only its family's graph knows.
struct ConfigValue {
  enum class Type { kInteger, kNumber, kFlag } type = Type::kNumber;
  /// Written where config.json says nothing; nullopt: then nothing is written.
  std::optional<double> fallback = std::nullopt;
};

/// One hyperparameter: config.json's key, the GGUF key after "ARCHITECTURE.", and where kerf keeps it.
struct HyperparameterRule {
  std::string_view config_key;
  std::string_view gguf_key;
  std::variant<std::int64_t description::Hyperparameters::*, double description::Hyperparameters::*, ConfigValue>
      member;
  bool required = true;  ///< in a file that is read
};

/// A property of config.json that GGUF cannot say, because llama.cpp's graph of the architecture takes it for granted.
struct FixedRule {
  std::string_view config_key;
  std::vector<Json> values;  ///< those that llama.cpp computes; the first is what reading says
  bool is_default = true;    ///< and what an absent one means
};

/// What is said of positions by rotation: rope.* keys.
enum class Rotation {
  kNone,
  kWhole,    ///< all of a head
  kPartial,  ///< or the first rope.dimension_count elements of it
};

/// A model family that GGUF files hold; formats/gguf/architectures.def lists them all. Several may share a name: the
/// first that `holds` a file reads it.
struct Architecture {
  std::string_view name;                      ///< general.architecture
  std::vector<std::string_view> model_types;  ///< config.json's that it writes; reading says the first
  std::string_view class_name;                ///< config.json's architectures[0]
  std::string_view optional_prefix = {};      ///< that checkpoints of the bare model leave out: "model."
  Rotation rotation = Rotation::kNone;
  std::vector<std::string_view> rope_types = {"default", "linear", "yarn"};  ///< that llama.cpp's graph knows
  std::string_view attention_bias_key = {};  ///< config.json's flag for biases of q, k, v; empty: none
  std::string_view mlp_bias_key = {};        ///< ... of gate, up, down
  bool windows = false;                      ///< llama.cpp computes sliding windows
  bool own_head = false;                     ///< llama.cpp needs output.weight, tied or not
  bool always_tied = false;                  ///< llama.cpp has no output.weight
  bool approximate_gelu = false;             ///< llama.cpp's GELU is the tanh approximation, the checkpoint's is not
  std::vector<TensorRule> tensors = {};
  std::vector<HyperparameterRule> hyperparameters = {};
  std::vector<FixedRule> fixed = {};
  /// Keys after "ARCHITECTURE." that write and read take care of, or that may stand there with these values only.
  std::vector<std::string_view> extra_keys = {};
  /// What rules cannot say; Error(kUsage) for what llama.cpp would compute differently. nullptr: nothing.
  void (*write)(const description::Model& model, Metadata& metadata) = nullptr;
  /// Its inverse, into config.json. Error(kInput) naming the key.
  void (*read)(const MetadataReader& metadata, const Container& container, Json& config) = nullptr;
  bool (*holds)(const MetadataReader& metadata, const Container& container) = nullptr;  ///< nullptr: all of the name
};

const std::vector<const Architecture*>& architectures();
/// By general.architecture (the first of the name, or the first that holds the file) / by config.json's model_type;
/// nullptr if this build has none.
const Architecture* find_architecture(std::string_view name);
const Architecture* find_architecture(std::string_view name, const MetadataReader& metadata,
                                      const Container& container);
const Architecture* find_architecture_of(std::string_view model_type);

/// A tensor's rule together with its layer (-1: outside the layers) and its place in a stack (-1: all of it).
struct TensorMatch {
  const TensorRule* rule = nullptr;
  std::int64_t layer = -1;
  std::int64_t part = -1;
};

/// Finds the rule of a checkpoint's name (with or without the optional prefix) or of a file's.
std::optional<TensorMatch> match_hugging_face(const Architecture& architecture, std::string_view name);
std::optional<TensorMatch> match_gguf(const Architecture& architecture, std::string_view name,
                                      const Container& container = {});
/// The pattern with the layer's number in place of "{}", and the part's in place of "{#}".
std::string expand(std::string_view pattern, std::int64_t layer, std::int64_t part = -1);
bool has_layer(const TensorRule& rule);
bool is_stack(const TensorRule& rule);
/// Layers in which a tensor of the model is: the decoder's, for names that begin with "dec.".
std::int64_t layers_of(const TensorRule& rule, const description::Hyperparameters& h);

/// Row order of q and k in GGUF's llama architecture: within each of `heads` heads, row 2j + t of the file is row
/// t*(d/2) + j of the Hugging Face weight, d rows a head (llama.cpp rotates neighbouring pairs, Hugging Face halves).
/// result[i] is the Hugging Face row that is row i of the file. `rows` is a multiple of 2*heads.
std::vector<std::int64_t> rotary_rows(std::int64_t rows, std::int64_t heads);
/// The same for a fused projection: part p (q, k, v), head h, element j of the file is row (3h + p)*d + j of the
/// checkpoint. `rows` is a multiple of 3*heads.
std::vector<std::int64_t> fused_rows(std::int64_t rows, std::int64_t heads);
/// The rows of either kind for a rule that is not kSame; nullopt if the heads do not divide them.
std::optional<std::vector<std::int64_t>> ordered_rows(RowOrder order, std::int64_t rows, std::int64_t heads,
                                                      std::int64_t kv_heads);
/// The inverse of a permutation.
std::vector<std::int64_t> inverse_rows(const std::vector<std::int64_t>& rows);

}  // namespace kerf::formats::gguf
