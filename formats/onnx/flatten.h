#pragma once

#include "formats/onnx/draft.h"
#include "formats/onnx/model_file.h"

namespace kerf::formats::onnx {

/// The model as one list of kerf's operators: functions inlined, the branches of an If with a constant condition
/// chosen, older opsets raised, constants computed. Inputs are bound by their meaning, those of past keys and values as
/// empty tensors.
///
/// Error(kInput) naming the file, the node and what is wrong: values read before they are made (a cycle is one) or
/// never made, names made twice, functions that call themselves, operators that kerf does not have.
Draft flatten(ModelFile& model);

}  // namespace kerf::formats::onnx
