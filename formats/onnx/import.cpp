#include "formats/onnx/import.h"

#include <utility>

#include "formats/onnx/build_graph.h"
#include "formats/onnx/describe.h"
#include "formats/onnx/flatten.h"
#include "formats/onnx/inputs.h"
#include "formats/onnx/model_file.h"
#include "formats/onnx/passes.h"

namespace kerf::formats::onnx {

std::shared_ptr<const ImportedOnnx> import_model(const ByteSourcePtr& file, const Json& config) {
  ModelFile model = open_model_file(file);
  Draft draft = flatten(model, bind_input);
  draft.output = choose_output(draft, file->path);
  drop_unread(draft);
  join_integer_products(draft, file->path);
  drop_unread(draft);
  fold_biases(draft);
  fold_roundings(draft);
  fuse_norms(draft);
  drop_unread(draft);
  BuiltGraph built = build_graph(draft, file->path);
  auto result = std::make_shared<ImportedOnnx>();
  result->description = describe(built, draft, config, file->path);
  result->graph = std::move(built.graph);
  result->origins = std::move(built.origins);
  for (const auto& [name, rounding] : built.roundings) {
    const auto scheme = codec::parse_activation_scheme(rounding.symmetric ? "int8-static" : "int8-static-asym");
    result->activations.emplace(
        name, codec::make_static_quantizer(scheme, codec::ActivationParams{rounding.scale, rounding.zero_point}));
  }
  result->files.push_back(file->path);
  for (const auto& [path, source] : model.external.files()) result->files.push_back(path);
  return result;
}

}  // namespace kerf::formats::onnx
