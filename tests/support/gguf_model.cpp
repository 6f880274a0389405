#include "tests/support/gguf_model.h"

#include <algorithm>
#include <stdexcept>

#include "codec/fitter.h"
#include "codec/grid.h"
#include "core/output.h"
#include "formats/gguf/architecture.h"
#include "models/model_graph.h"

namespace kerf::test {
namespace {

bool is_block_matrix(const std::string& name, const Shape& shape) {
  return shape.size() == 2 && (name.find("layers.") != std::string::npos || name.find(".h.") != std::string::npos);
}

}  // namespace

codec::QuantizedTensor quantize_to_nearest(const graph::TensorSource& source, const codec::Scheme& scheme) {
  const auto fitter = codec::make_fitter(scheme, codec::FitRule::kRange);
  const auto grid = codec::make_grid(scheme);
  const Tensor weights = source.read();
  codec::QuantizedTensor result = codec::make_quantized(scheme, source.rows(), source.row_size());
  const auto part = [&](std::int64_t row, std::int64_t col, std::int64_t width) {
    return weights.values<float>().subspan(static_cast<std::size_t>(row * result.cols + col),
                                           static_cast<std::size_t>(std::min(width, result.cols - col)));
  };
  for (std::int64_t row = 0; row < result.rows; ++row) {
    for (std::int64_t col = 0; col < result.cols; col += fitter->width(result.cols)) {
      if (!fitter->fit(part(row, col, fitter->width(result.cols)), {}, result, row, col))
        throw std::range_error("scale");
    }
    for (std::int64_t col = 0; col < result.cols; col += scheme.group_width(result.cols)) {
      const auto values = part(row, col, scheme.group_width(result.cols));
      grid->encode_run(
          values, codec::get_params(result, result.group_index(row, col)),
          std::span(result.codes).subspan(static_cast<std::size_t>(row * result.cols + col), values.size()), {});
    }
  }
  return result;
}

graph::SourcePtr graph_source(const formats::Checkpoint& checkpoint, const std::string& name) {
  const graph::SourcePtr source = checkpoint.tensors.at(name);
  const auto* architecture = formats::gguf::find_architecture_of(checkpoint.config.find("model_type")->as_string());
  const auto match = formats::gguf::match_hugging_face(*architecture, name);
  return match && match->rule->transposed ? graph::make_transposed_source(source) : source;
}

GgufModel plan_gguf(const formats::Checkpoint& checkpoint, const std::string& scheme, const std::string& float_scheme) {
  GgufModel model;
  for (const auto& [name, source] : checkpoint.tensors) {
    const Shape shape = graph_source(checkpoint, name)->shape();
    const bool quantized = is_block_matrix(name, shape);
    model.tensors.push_back({name, shape, codec::parse_scheme(quantized ? scheme : float_scheme), source->dtype()});
  }
  const models::ModelGraph graph =
      models::build_model(JsonCursor(checkpoint.config, checkpoint.config_file), checkpoint.tensors);
  model.plan = formats::gguf::plan(graph.model, checkpoint.tokenizer, model.tensors, {.name = "test model"});
  return model;
}

void write_gguf_model(const formats::Checkpoint& checkpoint, const GgufModel& model, const std::string& path,
                      const std::string& rounded_to) {
  const codec::Scheme rounding = codec::parse_scheme(rounded_to);
  OutputFile output(path);
  formats::gguf::write_gguf(model.plan, output, [&](std::size_t i) -> formats::gguf::TensorData {
    const formats::gguf::PlannedTensor& tensor = model.tensors[i];
    const graph::SourcePtr source = graph_source(checkpoint, tensor.name);
    if (tensor.scheme.quantized()) return quantize_to_nearest(*source, tensor.scheme);
    if (!rounding.quantized() || !is_block_matrix(tensor.name, tensor.shape)) return source;
    const codec::QuantizedTensor rounded = quantize_to_nearest(*source, rounding);
    Tensor values(DType::kF32, tensor.shape);
    codec::dequantize_rows(rounded, 0, rounded.rows, values.data<float>());
    return values;
  });
  output.commit();
}

}  // namespace kerf::test
