#pragma once

#include <string>

#include "core/json.h"
#include "description/description.h"
#include "formats/onnx/build_graph.h"
#include "formats/onnx/draft.h"

namespace kerf::formats::onnx {

/// What an imported model is: from its graph (vocabulary, width, layers, positions, whether tokens see only those
/// before them), and from the config.json that it was exported with where that is there (may be null): heads, ids of
/// special tokens, labels. Error(kInput) naming `file` if the graph's shapes do not fit each other.
description::Model describe(const BuiltGraph& built, const Draft& draft, const Json& config, const std::string& file);

}  // namespace kerf::formats::onnx
