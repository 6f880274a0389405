#pragma once

#include <string>

#include "codec/quantized_tensor.h"
#include "formats/checkpoint.h"
#include "formats/gguf/writer.h"
#include "graph/tensor_source.h"

namespace kerf::test {

/// Round to nearest with the range of each group: the plainest quantizer.
codec::QuantizedTensor quantize_to_nearest(const graph::TensorSource& source, const codec::Scheme& scheme);

/// A checkpoint as a GGUF file: `scheme` for the matrices inside the blocks, `float_scheme` for embeddings and head.
struct GgufModel {
  std::vector<formats::gguf::PlannedTensor> tensors;
  formats::gguf::GgufPlan plan;
};
GgufModel plan_gguf(const formats::Checkpoint& checkpoint, const std::string& scheme, const std::string& float_scheme);
/// `rounded_to`: matrices inside the blocks that are planned as floats take the values of this scheme's codes.
void write_gguf_model(const formats::Checkpoint& checkpoint, const GgufModel& model, const std::string& path,
                      const std::string& rounded_to = "none");

/// The tensor as kerf's graph has it: GPT-2's Conv1D weights turned to [out, in].
graph::SourcePtr graph_source(const formats::Checkpoint& checkpoint, const std::string& name);

}  // namespace kerf::test
