#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/activation.h"
#include "codec/scheme.h"
#include "core/json.h"
#include "description/description.h"
#include "graph/graph.h"
#include "graph/tensor_source.h"

namespace kerf::emit {

/// One weight on its way into a file.
struct EmitTensor {
  std::string name;  ///< the checkpoint's
  graph::Role role = graph::Role::kOther;
  Shape shape;                                                        ///< as the graph has it: a matrix is [out, in]
  bool stored_transposed = false;                                     ///< the checkpoint stores [in, out]
  codec::Scheme scheme;                                               ///< what it is held as; kKeep: as source_dtype
  DType source_dtype = DType::kF32;                                   ///< that its values are written in if they stay
  graph::SourcePtr source;                                            ///< its values; null while only planning
  std::optional<codec::ActivationScheme> activations = std::nullopt;  ///< of what it multiplies; nullopt: f32
  std::shared_ptr<const codec::ActivationQuantizer> input_quantizer = nullptr;  ///< null while only planning
};

/// A quantized model on its way out.
struct EmitModel {
  const description::Model* model = nullptr;
  const description::Tokenizer* tokenizer = nullptr;
  std::string name;                        ///< of the source, for titles
  std::vector<std::string> carried_files;  ///< of a Hugging Face source
  std::vector<EmitTensor> tensors;
  bool reduced = false;  ///< heads or neurons of the source are gone: `model` says what is left
};

/// A planned output: everything about it is known before any work.
class Emission {
 public:
  virtual ~Emission() = default;
  virtual std::uint64_t bytes() const = 0;         ///< of all files, exact
  virtual std::uint64_t tensor_bytes() const = 0;  ///< codes, scales and floats with the format's padding
  virtual std::vector<std::string> notes() const { return {}; }
  /// What the tensor of that number in the model is held as where it has no codes, given what the model says.
  virtual DType held_dtype(std::size_t, DType planned) const { return planned; }
  /// Starts the output under a temporary name; fails at once if the place cannot be written.
  virtual void open(const std::string& path, bool force) = 0;
  /// Writes everything; `model` is the planned one, with sources.
  virtual void write(const EmitModel& model) = 0;
  /// Where the complete output can be read before it has its final name.
  virtual std::string readable_path() const = 0;
  virtual void commit() = 0;
};

/// An output format; src/emit/targets.def lists them all, each one file.
struct TargetInfo {
  std::string_view name;  ///< "gguf"
  std::string_view summary;
  std::string_view source;
  std::string_view ending;          ///< of a path that selects it; empty: not by ending
  bool folder = false;              ///< a path without a known ending selects the first folder target
  std::string_view default_scheme;  ///< or recipe
  /// dtype that a changed norm or bias is stored as, given the source's.
  DType (*folded_dtype)(DType source_dtype);
  /// Error(kUsage) naming the first tensor that the format cannot hold exactly, and why.
  std::unique_ptr<Emission> (*plan)(const EmitModel& model);
};

const std::vector<const TargetInfo*>& targets();
/// Error(kUsage) with the nearest name.
const TargetInfo& find_target(std::string_view name);
/// By `format`, or if that is empty by the path.
const TargetInfo& target_for(const std::string& path, const std::string& format);

/// A copy of config.json for a model whose weights changed: nothing of an earlier quantization in it.
Json plain_config(const description::Model& model);

}  // namespace kerf::emit
