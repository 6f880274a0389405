#pragma once

#include <string>

#include "formats/onnx/emitter.h"
#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// The value of an input of the main graph, by what its name means: token ids, masks, positions and types become inputs
/// of the draft; keys and values of a past that there is none of are empty, what chooses the branch with such a past is
/// false. Error(kInput) if kerf cannot say what it should hold.
ValueIndex bind_input(Emitter& emitter, const proto::ValueInfoProto& input);

/// Is it one of token ids, a mask, positions or types, [batch, length]?
bool is_token_input(const proto::ValueInfoProto& input);

/// The output of a draft that is evaluated: the logits, or the only one of floats that is no cache. Error(kInput)
/// naming `file` if there is none or no telling.
ValueIndex choose_output(const Draft& draft, const std::string& file);

}  // namespace kerf::formats::onnx
