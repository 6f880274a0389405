#pragma once

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "codec/activation.h"
#include "core/output.h"
#include "formats/onnx/import.h"
#include "formats/onnx/patch/fixed_dims.h"
#include "formats/onnx/quantized/kinds.h"

namespace kerf::formats::onnx {

/// A weight of an imported model as it is to be written.
struct PatchTensor {
  std::string name;        ///< the graph's
  graph::ValueId value{};  ///< of the weight, in the imported graph
  Shape shape;             ///< a matrix is [out, in]
  codec::Scheme scheme;    ///< kKeep: as it is
  DType source_dtype = DType::kF32;
  std::optional<codec::ActivationScheme> activations{};  ///< of what it multiplies
  bool may_change = false;  ///< may its values be others than the file's, though its scheme is none?
};

struct PatchOptions {
  const QuantizedKind* kind = nullptr;
  FormOptions form;
  bool external_data = false;  ///< values in a file of their own even where one file could hold all
  FixedDims dims;
  std::string data_name;  ///< of that file
};

/// Values of a tensor when it is written.
struct PatchValues {
  graph::SourcePtr source;  ///< in the planned shape
  bool changed = false;     ///< is it another than the imported graph's?
  const codec::ActivationQuantizer* input = nullptr;
};

struct PatchPlan;

/// An ONNX model with some of its weights replaced: initializers and nodes that these touch are others, everything else
/// is copied byte for byte. All of it is planned before any values exist.
class ModelPatch {
 public:
  /// Error(kUsage) naming the first tensor that the kind cannot hold exactly where the file has it, and why.
  ModelPatch(const ImportedOnnx& model, std::span<const PatchTensor> tensors, PatchOptions options);
  ~ModelPatch();

  std::uint64_t bytes() const;         ///< of all files
  std::uint64_t tensor_bytes() const;  ///< values of all initializers
  bool has_data_file() const;
  std::vector<std::string> notes() const;
  /// The dtype that a tensor without codes has in the file.
  DType held_dtype(std::size_t tensor) const;
  /// `data`: null where has_data_file() is false. Does not commit.
  void write(OutputFile& model, OutputFile* data, const std::function<PatchValues(std::size_t)>& values) const;

 private:
  std::unique_ptr<PatchPlan> plan_;
};

}  // namespace kerf::formats::onnx
