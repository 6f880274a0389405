#include "emit/targets/onnx_export.h"

#include <algorithm>
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

DType stored_dtype(const EmitTensor& tensor) {
  return tensor.scheme.kind == codec::Scheme::Kind::kFloat ? tensor.scheme.float_dtype : tensor.source_dtype;
}

onnx::ExportedWeight exported(const EmitTensor& tensor) {
  onnx::ExportedWeight weight{.name = tensor.name};
  weight.activations = tensor.activations;
  if (tensor.scheme.quantized()) {
    weight.scheme = tensor.scheme;
  } else {
    weight.dtype = stored_dtype(tensor);
    weight.transposed = tensor.stored_transposed;
  }
  return weight;
}

/// The kind that holds the model if none is named: rounded activations have one of their own.
const onnx::QuantizedKind& kind_of(const EmitModel& model, const TargetOptions& options) {
  const bool rounded = std::any_of(model.tensors.begin(), model.tensors.end(),
                                   [](const EmitTensor& tensor) { return tensor.activations.has_value(); });
  return onnx::find_kind(option_or(options, "onnx-kind", rounded ? "static" : "matmulnbits"));
}

onnx::ExportedGraph exported(const EmitModel& model, const TargetOptions& options) {
  if (model.reduced) {
    throw_usage(
        "onnx cannot be written of what pruning of heads or neurons leaves in the same run; write a folder, and "
        "convert that");
  }
  onnx::ExportModel out{.graph = model.graph, .description = model.model, .weights = {}};
  for (const EmitTensor& tensor : model.tensors) out.weights.emplace(tensor.value, exported(tensor));
  out.kind = &kind_of(model, options);
  out.form.accuracy_level = option_or(options, "accuracy-level", "0").front() - '0';
  return onnx::export_graph(out);
}

onnx::DataFile data_file(const EmitModel& model, const TargetOptions& options) {
  const std::string name = model.output.empty() ? "model.onnx" : file_name(model.output);
  return {.name = name + ".data", .always = to_lower_ascii(option_or(options, "external-data", "auto")) == "always"};
}

/// The values of initializers, when they are written: of a weight, or of one's codes.
class Values {
 public:
  Values(const EmitModel& model, const std::vector<onnx::HeldCodes>& codes) {
    for (const EmitTensor& tensor : model.tensors) {
      by_value_.emplace(tensor.value, &tensor);
      if (!tensor.scheme.quantized()) floats_.emplace(tensor.name, &tensor);
    }
    for (const onnx::HeldCodes& held : codes) {
      for (std::size_t i = 0; i < held.initializers.size(); ++i) codes_.emplace(held.initializers[i], Part{&held, i});
    }
  }

  void write(const std::string& initializer, const onnx::ByteSink& sink) {
    if (const auto held = codes_.find(initializer); held != codes_.end()) {
      encode(*held->second.held);
      sink(encoded_[held->second.index]);
      return;
    }
    const EmitTensor& tensor = *floats_.at(initializer);
    const graph::SourcePtr source =
        tensor.stored_transposed ? graph::make_transposed_source(tensor.source) : tensor.source;
    stream_floats(*source, stored_dtype(tensor), sink);
  }

 private:
  struct Part {
    const onnx::HeldCodes* held;
    std::size_t index;
  };

  /// All parts at once, kept until those of another weight are asked for.
  void encode(const onnx::HeldCodes& held) {
    if (&held == last_) return;
    const EmitTensor& tensor = *by_value_.at(held.weight);
    encoded_.clear();
    encoded_ = held.rounding ? onnx::encode_rounding(*held.rounding, tensor.input_quantizer->params())
                             : held.form->encode(held.quantized, *tensor.source->read_quantized());
    last_ = &held;
  }

  std::map<graph::ValueId, const EmitTensor*> by_value_;
  std::map<std::string, const EmitTensor*> floats_;
  std::map<std::string, Part> codes_;
  const onnx::HeldCodes* last_ = nullptr;
  onnx::TensorBytes encoded_;
};

class OnnxExport : public Emission {
 public:
  OnnxExport(const EmitModel& model, const TargetOptions& options) : OnnxExport(exported(model, options), model, options) {}

  std::uint64_t bytes() const override { return writer_.model_bytes() + writer_.data_bytes(); }
  std::uint64_t tensor_bytes() const override { return writer_.streamed_bytes(); }
  std::vector<std::string> notes() const override { return notes_; }

  void open(const std::string& path, bool) override { files_ = std::make_unique<OutputFileSet>(path); }

  void write(const EmitModel& model) override {
    Values values(model, codes_);
    const std::string name = file_name(files_->path());
    const auto file = files_->create(name);
    const auto data = writer_.has_data_file() ? files_->create(name + ".data") : nullptr;
    writer_.write(*file, data.get(), [&](const onnx::proto::TensorProto& initializer, const onnx::ByteSink& sink) {
      values.write(initializer.name(), sink);
    });
    if (data) data->commit();
    file->commit();
  }

  std::string readable_path() const override { return files_->temporary_path(); }
  std::vector<WrittenFile> readable_files() const override { return files_in(parent_path(files_->temporary_path())); }
  void commit() override { files_->commit(); }

 private:
  OnnxExport(onnx::ExportedGraph graph, const EmitModel& model, const TargetOptions& options)
      : codes_(std::move(graph.codes)), writer_(std::move(graph.model), data_file(model, options)) {
    for (const onnx::HeldCodes& held : codes_) {
      if (held.form == nullptr) continue;
      std::string note = held.form->note(held.quantized);
      if (!note.empty() && std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(note);
    }
  }

  std::vector<onnx::HeldCodes> codes_;
  onnx::ModelWriter writer_;
  std::vector<std::string> notes_;
  std::unique_ptr<OutputFileSet> files_;
};

}  // namespace

std::unique_ptr<Emission> plan_onnx_export(const EmitModel& model, const TargetOptions& options) {
  return std::make_unique<OnnxExport>(model, options);
}

}  // namespace kerf::emit
