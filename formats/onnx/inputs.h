#pragma once

#include <string>
#include <vector>

#include "formats/onnx/emitter.h"
#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// The value of an input of the main graph, by what its name means: token ids, masks, positions and types become inputs
/// of the draft; keys and values of a past that there is none of are empty, what chooses the branch with such a past is
/// false. Error(kInput) if kerf cannot say what it should hold.
ValueIndex bind_input(Emitter& emitter, const proto::ValueInfoProto& input);

struct OutputChoice {
  std::string name;
  ValueIndex value = kAbsent;
  DType dtype = DType::kF32;
};

/// The output that is evaluated: the logits, or the only one that is no cache. Error(kInput) if there is none or no
/// telling.
OutputChoice choose_output(const std::vector<OutputChoice>& outputs, const std::string& file);

}  // namespace kerf::formats::onnx
