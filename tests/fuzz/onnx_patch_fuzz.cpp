// ONNX models that are written with other weights: where fields lie, which nodes become others, how the new file is
// laid out. Nothing is written.

#include <cstdint>
#include <vector>

#include "core/error.h"
#include "formats/onnx/import.h"
#include "formats/onnx/patch/file_parts.h"
#include "graph/role.h"
#include "tests/fuzz/onnx_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace onnx = kerf::formats::onnx;
  const onnx::ByteSourcePtr file = kerf::test::onnx_file(data, size);
  for (const onnx::QuantizedKind* kind : onnx::quantized_kinds()) {
    try {
      const auto imported = onnx::import_model(file, kerf::Json());
      std::vector<onnx::PatchTensor> tensors;
      for (const kerf::graph::ValueId id : imported->graph.weights()) {
        const kerf::graph::Weight& weight = imported->graph.value(id).weight;
        const bool codes = kerf::graph::is_linear_role(weight.role) || weight.role == kerf::graph::Role::kEmbedding;
        tensors.push_back({.name = weight.name,
                           .value = id,
                           .shape = weight.source->shape(),
                           .scheme = kerf::codec::parse_scheme(codes ? "int8" : "none"),
                           .may_change = !codes});
      }
      onnx::PatchOptions options;
      options.kind = kind;
      options.data_name = "model.onnx.data";
      onnx::ModelFile model = onnx::open_model_file(file);
      const onnx::FileIndex index = onnx::index_file(*model.file);
      onnx::NodeTree tree(model, index);
      const onnx::PatchEdits edits = onnx::plan_edits(model, *imported, tensors, options, tree);
      onnx::lay_out(model, index, tree, edits, options, true);
    } catch (const kerf::Error&) {
    }
  }
  return 0;
}
