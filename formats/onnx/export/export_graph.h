#pragma once

#include <vector>

#include "formats/onnx/export/exporter.h"
#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// The operators that exported graphs are made of: what runtimes have had for years. Attention, RotaryEmbedding and
/// RMSNormalization of opset 23 leave as those.
inline constexpr std::int64_t kExportOpset = 21;
inline constexpr std::int64_t kExportIrVersion = 10;

struct ExportedGraph {
  proto::ModelProto model;
  std::vector<HeldCodes> codes;  ///< what stands in place of quantized weights
};

/// A model as an ONNX graph of its own: batch and lengths are free, weights are initializers under the checkpoint's
/// names, whose values are streamed when the file is written (model_writer.h). Everything is computed in f32, whatever
/// weights are stored as. Error(kUsage) naming the node that ONNX has no counterpart for, or the weight that the kind
/// cannot hold exactly.
ExportedGraph export_graph(const ExportModel& model);

}  // namespace kerf::formats::onnx
