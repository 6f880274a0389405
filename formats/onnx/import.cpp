#include "formats/onnx/import.h"

#include <algorithm>
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

void add_stored_floats(ModelFile& model, graph::SourceMap& stored) {
  for (const auto& initializer : model.model.graph().initializer()) {
    const StoredTensor tensor(initializer, model.file, model.external, initializer.name());
    if (tensor.is_float()) stored.emplace(initializer.name(), tensor.source());
  }
}

/// "x.weight" of "x.weight_Q4", "x.weight_scales" and "x.weight_zero_points"; empty if they share no such beginning.
std::string name_of_codes(const std::vector<std::string>& initializers) {
  std::string common = initializers.front();
  for (const std::string& name : initializers) {
    const auto [end, ignored] = std::mismatch(common.begin(), common.end(), name.begin(), name.end());
    common.erase(end, common.end());
  }
  const std::size_t end = common.rfind('_');
  return end == std::string::npos ? "" : common.substr(0, end);
}

void add_stored_codes(const BuiltGraph& built, graph::SourceMap& stored) {
  for (const auto& [id, initializers] : built.origins.initializers) {
    const graph::SourcePtr& source = built.graph.value(id).weight.source;
    if (initializers.size() < 2 || !source->rounded_to()) continue;
    if (std::string name = name_of_codes(initializers); !name.empty()) stored.emplace(std::move(name), source);
  }
}

}  // namespace

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
  hasten_sums(draft);
  BuiltGraph built = build_graph(draft, file->path);
  auto result = std::make_shared<ImportedOnnx>();
  add_stored_floats(model, result->stored);
  add_stored_codes(built, result->stored);
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
