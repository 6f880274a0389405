#include "emit/targets/onnx_export.h"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "core/strings.h"
#include "emit/float_stream.h"
#include "formats/onnx/export/export_graph.h"
#include "formats/onnx/model_writer.h"

namespace kerf::emit {
namespace {

namespace onnx = formats::onnx;

onnx::ExportedWeight exported(const EmitTensor& tensor) {
  const bool cast = tensor.scheme.kind == codec::Scheme::Kind::kFloat;
  return {.name = tensor.name,
          .dtype = cast ? tensor.scheme.float_dtype : tensor.source_dtype,
          .transposed = tensor.stored_transposed};
}

void check(const EmitModel& model) {
  if (model.reduced) {
    throw_usage(
        "onnx cannot be written of what pruning of heads or neurons leaves in the same run; write a folder, and "
        "convert that");
  }
  for (const EmitTensor& tensor : model.tensors) {
    if (!tensor.scheme.quantized()) continue;
    throw_usage(fmt::format("onnx cannot hold {} as {}", quoted(tensor.name), tensor.scheme.name));
  }
}

onnx::ModelWriter make_writer(const EmitModel& model, const TargetOptions& options) {
  check(model);
  onnx::ExportModel out{.graph = model.graph, .description = model.model, .weights = {}};
  for (const EmitTensor& tensor : model.tensors) out.weights.emplace(tensor.value, exported(tensor));
  const std::string name = model.path.empty() ? "model.onnx" : file_name(model.path);
  return {onnx::export_graph(out),
          {.name = name + ".data", .always = option_or(options, "onnx-data", "inside") == "beside"}};
}

class OnnxExport : public Emission {
 public:
  OnnxExport(const EmitModel& model, const TargetOptions& options) : writer_(make_writer(model, options)) {
    for (const EmitTensor& tensor : model.tensors) {
      tensor_bytes_ += static_cast<std::uint64_t>(numel(tensor.shape)) * dtype_bytes(exported(tensor).dtype);
    }
  }

  std::uint64_t bytes() const override { return writer_.model_bytes() + writer_.data_bytes(); }
  std::uint64_t tensor_bytes() const override { return tensor_bytes_; }

  void open(const std::string& path, bool) override { files_ = std::make_unique<OutputFileSet>(path); }

  void write(const EmitModel& model) override {
    std::map<std::string, const EmitTensor*, std::less<>> tensors;
    for (const EmitTensor& tensor : model.tensors) tensors.emplace(tensor.name, &tensor);
    const std::string name = file_name(files_->path());
    const auto file = files_->create(name);
    const auto data = writer_.has_data_file() ? files_->create(name + ".data") : nullptr;
    writer_.write(*file, data.get(), [&](const onnx::proto::TensorProto& initializer, const onnx::ByteSink& sink) {
      const EmitTensor& tensor = *tensors.at(initializer.name());
      const graph::SourcePtr source =
          tensor.stored_transposed ? graph::make_transposed_source(tensor.source) : tensor.source;
      stream_floats(*source, exported(tensor).dtype, sink);
    });
    if (data) data->commit();
    file->commit();
  }

  std::string readable_path() const override { return files_->temporary_path(); }
  void commit() override { files_->commit(); }

 private:
  onnx::ModelWriter writer_;
  std::uint64_t tensor_bytes_ = 0;
  std::unique_ptr<OutputFileSet> files_;
};

}  // namespace

std::unique_ptr<Emission> plan_onnx_export(const EmitModel& model, const TargetOptions& options) {
  return std::make_unique<OnnxExport>(model, options);
}

}  // namespace kerf::emit
