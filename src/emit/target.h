#pragma once

#include <cstdint>
#include <map>
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

namespace kerf::formats {
struct Checkpoint;
}

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
  bool may_change = false;  ///< a transform may give it other values, whatever its scheme
  std::shared_ptr<const codec::ActivationQuantizer> input_quantizer = nullptr;  ///< null while only planning
  graph::SourcePtr original = nullptr;  ///< that these values stand for, where they can be compared one by one; or null
  graph::ValueId value{};               ///< of the weight, in EmitModel::graph
};

/// A quantized model on its way out.
struct EmitModel {
  const description::Model* model = nullptr;
  const description::Tokenizer* tokenizer = nullptr;
  std::string name;                             ///< of the source, for titles
  std::vector<std::string> carried_files;       ///< of a Hugging Face source
  std::vector<EmitTensor> tensors;              ///< in the order of the graph's weights
  const graph::Graph* graph = nullptr;          ///< whose weights `tensors` are; a transform may have rewritten it
  const formats::Checkpoint* source = nullptr;  ///< that was read: a target may patch what it imported
  std::string output;                           ///< the path that is written; empty where nothing is
  bool reduced = false;                         ///< heads or neurons of the source are gone: `model` says what is left
};

/// A file of an output that is complete and may not have its final name yet.
struct WrittenFile {
  std::string name;  ///< final: beside the output's path, or in its folder ("model.safetensors")
  std::string path;  ///< where it can be read
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
  /// The tensor's values as they are read from the file, where it keeps them in other numbers that compute the same: a
  /// norm's 1 + w in f32 may be that of a nearby w.
  virtual graph::SourcePtr as_read(std::size_t, graph::SourcePtr source) const { return source; }
  /// Paths of the files that an output at `path` consists of; of a folder its own.
  virtual std::vector<std::string> file_paths(const std::string& path) const { return {path}; }
  /// Starts the output under a temporary name; fails at once if the place cannot be written.
  virtual void open(const std::string& path, bool force) = 0;
  /// Writes everything; `model` is the planned one, with sources.
  virtual void write(const EmitModel& model) = 0;
  /// Where the complete output can be read before it has its final name.
  virtual std::string readable_path() const = 0;
  /// All of its files, sorted by name; with readable_path().
  virtual std::vector<WrittenFile> readable_files() const = 0;
  virtual void commit() = 0;
};

/// A choice that a format offers beside the scheme: a flag of the command line, for the output before it.
struct TargetOption {
  std::string_view name;     ///< "onnx-kind": the flag without its dashes, unique among all targets' unless
                             ///< it means the same
  std::string_view value;    ///< that the help shows: "KIND"
  std::string_view summary;  ///< one line
  std::string_view initial;  ///< what an absent one means, for the help
  std::vector<std::string_view> values{};  ///< all that are allowed; empty: the target parses it
};

/// Those given for one output, by name; plan() may rely on check_options().
using TargetOptions = std::map<std::string, std::string, std::less<>>;

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
  /// Error(kUsage) naming the first tensor that the format cannot hold exactly, and why; or an option's value that
  /// means nothing.
  std::unique_ptr<Emission> (*plan)(const EmitModel& model, const TargetOptions& options);
  std::vector<TargetOption> options{};
};

const std::vector<const TargetInfo*>& targets();
/// Error(kUsage) with the nearest name.
const TargetInfo& find_target(std::string_view name);
/// By `format`, or if that is empty by the path.
const TargetInfo& target_for(const std::string& path, const std::string& format);

/// Error(kUsage) for an option that the target does not have, or a value that is none of its values.
void check_options(const TargetInfo& target, const TargetOptions& options);
/// The value given, or `fallback`.
std::string option_or(const TargetOptions& options, std::string_view name, std::string_view fallback);

/// The files of a folder without folders in it.
std::vector<WrittenFile> files_in(const std::string& folder);

/// A copy of config.json for a model whose weights changed: nothing of an earlier quantization in it.
Json plain_config(const description::Model& model);

}  // namespace kerf::emit
