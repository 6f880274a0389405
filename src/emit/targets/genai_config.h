#pragma once

#include "core/json.h"
#include "description/description.h"

namespace kerf::emit {

/// genai_config.json, which onnxruntime-genai finds beside model.onnx: what the model is, and what its inputs and
/// outputs are called. https://onnxruntime.ai/docs/genai/reference/config.html
Json genai_config(const description::Model& model);

}  // namespace kerf::emit
