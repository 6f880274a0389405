#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "codec/quantized_tensor.h"
#include "codec/scheme.h"
#include "core/dtype.h"
#include "core/output.h"
#include "core/shape.h"
#include "core/tensor.h"
#include "description/description.h"
#include "formats/gguf/container_writer.h"
#include "formats/gguf/storage.h"
#include "graph/tensor_source.h"

namespace kerf::formats::gguf {

/// A tensor that is to be written.
struct PlannedTensor {
  std::string name;      ///< the checkpoint's (Hugging Face's)
  Shape shape;           ///< as the graph has it: a matrix is [out_features, in_features], GPT-2's Conv1D too
  codec::Scheme scheme;  ///< what it is held as; kKeep: as source_dtype
  DType source_dtype = DType::kF32;
};

/// One tensor of the file.
struct FileTensor {
  std::string name;  ///< the checkpoint's (of a stack that of one), for errors
  /// Indices in the span given to plan(): one, or those of a stack; none: `values`.
  std::vector<std::size_t> planned{};
  bool stack = false;      ///< [parts, ...]
  Tensor values{};         ///< f32, what the plan itself made (rope_freqs.weight)
  codec::Scheme scheme{};  ///< as planned: of the codes that write_gguf() expects
  Storage storage{};
  std::vector<std::int64_t> rows{};  ///< row i of the file is row rows[i] of the tensor; empty: all in order
  bool plus_one = false;             ///< the file has 1 + the values
};

/// A whole file before any values exist. Validated: it can be held exactly.
struct GgufPlan {
  Metadata metadata;
  FileLayout layout;                ///< names in the file, types, offsets and sizes
  std::vector<FileTensor> tensors;  ///< beside layout.tensors
  std::vector<std::string> notes;   ///< one sentence each: padded vocabulary, repeated scales, ...
  /// Of a file that is cut into parts, the same tensors in the same order; empty: it stays one.
  std::vector<FileLayout> parts{};

  std::uint64_t total_bytes() const;
};

struct PlanOptions {
  std::string name;  ///< general.name; empty: the model's family
  /// A part of a split file has tensors of at most so many bytes, or one that is larger; 0: one file.
  std::uint64_t part_bytes = 0;
};

/// Plans a GGUF file of a model: architecture keys, tokenizer, tensors in the given order under llama.cpp's names.
/// Norms, biases and every other 1-D tensor are f32, whatever their scheme says. Error(kUsage) naming the tensor that
/// cannot be held exactly, is not part of the architecture or is missing; or what of the model or its tokenizer
/// llama.cpp would compute differently.
GgufPlan plan(const description::Model& model, const description::Tokenizer& tokenizer,
              std::span<const PlannedTensor> tensors, const PlanOptions& options = {});

/// A tensor's values in the planned shape: the codes of a quantized one, floats (f32, in memory or by rows) of another.
using TensorData = std::variant<codec::QuantizedTensor, Tensor, graph::SourcePtr>;

/// Writes the planned file; does not commit. `data(i)` gives the values of the i-th planned tensor and is called in
/// the file's order, once each: one tensor is in memory at a time, float sources only a slab of rows. Error(kUsage) if
/// the values do not fit the plan, or a float or scale is not representable in the type that was planned.
void write_gguf(const GgufPlan& plan, OutputFile& output, const std::function<TensorData(std::size_t planned)>& data);
/// The same for a plan with parts: `create(number)` gives the file of a part, numbered from 1; it is committed.
void write_parts(const GgufPlan& plan, const std::function<std::unique_ptr<OutputFile>(std::int64_t number)>& create,
                 const std::function<TensorData(std::size_t planned)>& data);

}  // namespace kerf::formats::gguf
