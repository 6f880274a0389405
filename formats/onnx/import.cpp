#include "formats/onnx/import.h"

#include <utility>

#include "formats/onnx/build_graph.h"
#include "formats/onnx/describe.h"
#include "formats/onnx/flatten.h"
#include "formats/onnx/inputs.h"
#include "formats/onnx/model_file.h"
#include "formats/onnx/passes.h"
#include "formats/onnx/stored_tensor.h"

namespace kerf::formats::onnx {
namespace {

graph::SourceMap stored_floats(ModelFile& model) {
  graph::SourceMap result;
  for (const auto& initializer : model.model.graph().initializer()) {
    const StoredTensor tensor(initializer, model.file, model.external, initializer.name());
    if (tensor.is_float()) result.emplace(initializer.name(), tensor.source());
  }
  return result;
}

}  // namespace

std::shared_ptr<const ImportedOnnx> import_model(const ByteSourcePtr& file, const Json& config) {
  ModelFile model = open_model_file(file);
  Draft draft = flatten(model, bind_input);
  draft.output = choose_output(draft, file->path);
  drop_unread(draft);
  fold_biases(draft);
  fuse_norms(draft);
  drop_unread(draft);
  BuiltGraph built = build_graph(draft, file->path);
  auto result = std::make_shared<ImportedOnnx>();
  result->description = describe(built, draft, config, file->path);
  result->graph = std::move(built.graph);
  result->stored = stored_floats(model);
  result->origins = std::move(built.origins);
  result->files.push_back(file->path);
  for (const auto& [path, source] : model.external.files()) result->files.push_back(path);
  return result;
}

}  // namespace kerf::formats::onnx
