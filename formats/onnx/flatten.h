#pragma once

#include <functional>

#include "formats/onnx/draft.h"
#include "formats/onnx/emitter.h"
#include "formats/onnx/model_file.h"

namespace kerf::formats::onnx {

/// The model as one list of kerf's operators: functions inlined, the branches of an If with a constant condition
/// chosen, older opsets raised, constants computed. `bind` says what value an input of the graph has
/// (formats/onnx/inputs.h).
///
/// Error(kInput) naming the file, the node and what is wrong: values read before they are made (a cycle is one) or
/// never made, names made twice, functions that call themselves, operators that kerf does not have.
using BindInput = std::function<ValueIndex(Emitter& emitter, const proto::ValueInfoProto& input)>;
Draft flatten(ModelFile& model, const BindInput& bind);

}  // namespace kerf::formats::onnx
