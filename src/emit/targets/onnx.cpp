#include <charconv>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "core/strings.h"
#include "emit/target.h"
#include "emit/targets/onnx_export.h"
#include "emit/targets/onnx_options.h"
#include "formats/checkpoint.h"
#include "formats/onnx/import.h"
#include "formats/onnx/patch/model_patch.h"

namespace kerf::emit {
namespace {

namespace onnx = formats::onnx;

constexpr std::string_view kExternal = "external-data", kShape = "shape", kStyle = "onnx-style";

/// Transforms of the whole graph may make nodes and weights that the file does not have.
bool has_same_nodes(const graph::Graph& graph, const graph::Graph& imported) {
  if (graph.nodes().size() != imported.nodes().size() || graph.values().size() != imported.values().size())
    return false;
  for (std::size_t i = 0; i < graph.nodes().size(); ++i) {
    const graph::Node &node = graph.nodes()[i], &read = imported.nodes()[i];
    if (node.op != read.op || node.inputs != read.inputs) return false;
  }
  return true;
}

const onnx::ImportedOnnx& imported_model(const EmitModel& model) {
  if (model.source->imported == nullptr) throw_usage("onnx is written from an ONNX model only");
  // What brings its graph is ONNX.
  const auto* imported = static_cast<const onnx::ImportedOnnx*>(model.source->imported.get());
  if (!has_same_nodes(*model.graph, imported->graph)) {
    throw_usage(
        "onnx keeps the nodes of the model that was read, and rotate adds some here; leave it out, or quantize the "
        "checkpoint that the model was exported from");
  }
  if (!model.source->activations.empty()) {
    throw_usage(imported->files.front() +
                ": rounds activations already (QuantizeLinear before its products); quantize the float model");
  }
  if (model.reduced) {
    throw_usage(
        "onnx keeps the shapes of the model that was read, and pruning takes heads or neurons away; leave it out, or "
        "prune the checkpoint that the model was exported from");
  }
  return *imported;
}

/// The file's values of a weight; the graph's are others where a transform rewrote it.
graph::SourcePtr read_source(const onnx::ImportedOnnx& imported, const EmitTensor& tensor) {
  return imported.graph.value(tensor.value).weight.source;
}

std::vector<onnx::PatchTensor> patch_tensors(const EmitModel& model, const onnx::ImportedOnnx& imported) {
  std::vector<onnx::PatchTensor> tensors;
  for (const EmitTensor& tensor : model.tensors) {
    tensors.push_back({.name = tensor.name,
                       .value = tensor.value,
                       .shape = tensor.shape,
                       .scheme = tensor.scheme,
                       .source_dtype = tensor.source_dtype,
                       .activations = tensor.activations,
                       .may_change = tensor.may_change ||
                                     model.graph->value(tensor.value).weight.source != read_source(imported, tensor)});
  }
  return tensors;
}

class OnnxEmission : public Emission {
 public:
  OnnxEmission(const EmitModel& model, const TargetOptions& options) : imported_(model.source->imported) {
    const auto& imported = imported_model(model);
    const onnx::QuantizedKind& kind = onnx_kind(model, options);
    onnx::PatchOptions patch;
    patch.kind = &kind;
    patch.form = onnx_form(options, kind);
    patch.external_data = to_lower_ascii(option_or(options, kExternal, "auto")) == "always";
    if (const std::string shape = option_or(options, kShape, ""); !shape.empty()) patch.dims = onnx::parse_dims(shape);
    name_ = model.output.empty() ? "model.onnx" : file_name(model.output);
    patch.data_name = name_ + ".data";
    const auto tensors = patch_tensors(model, imported);
    patch_ = std::make_unique<onnx::ModelPatch>(imported, tensors, patch);
    if (std::string note = onnx_kind_note(kind); !note.empty()) notes_.push_back(std::move(note));
  }

  std::uint64_t bytes() const override { return patch_->bytes(); }
  std::uint64_t tensor_bytes() const override { return patch_->tensor_bytes(); }
  std::vector<std::string> notes() const override {
    std::vector<std::string> all = patch_->notes();
    all.insert(all.end(), notes_.begin(), notes_.end());
    return all;
  }
  DType held_dtype(std::size_t tensor, DType) const override { return patch_->held_dtype(tensor); }

  std::vector<std::string> file_paths(const std::string& path) const override {
    if (!patch_->has_data_file()) return {path};
    return {path, path + ".data"};
  }

  void open(const std::string& path, bool) override {
    if (patch_->has_data_file()) {
      files_ = std::make_unique<OutputFileSet>(path);
    } else {
      file_ = std::make_unique<OutputFile>(path);
    }
  }

  void write(const EmitModel& model) override {
    const auto values = [&](std::size_t index) {
      const EmitTensor& tensor = model.tensors[index];
      return onnx::PatchValues{tensor.source, true, tensor.input_quantizer.get()};
    };
    if (files_ == nullptr) {
      patch_->write(*file_, nullptr, values);
      file_->flush();
      return;
    }
    const auto main = files_->create(name_), data = files_->create(name_ + ".data");
    patch_->write(*main, data.get(), values);
    data->commit();
    main->commit();
  }

  std::vector<WrittenFile> readable_files() const override {
    if (files_ != nullptr) return files_in(parent_path(files_->temporary_path()));
    return {{file_name(file_->path()), file_->temporary_path()}};
  }
  std::string readable_path() const override {
    return files_ != nullptr ? files_->temporary_path() : file_->temporary_path();
  }
  void commit() override {
    if (files_ != nullptr) return files_->commit();
    file_->commit();
  }

 private:
  std::shared_ptr<const formats::ImportedModel> imported_;
  std::unique_ptr<onnx::ModelPatch> patch_;
  std::string name_;
  std::vector<std::string> notes_;
  std::unique_ptr<OutputFile> file_;
  std::unique_ptr<OutputFileSet> files_;
};

/// An ONNX model is patched, any other exported.
std::unique_ptr<Emission> plan(const EmitModel& model, const TargetOptions& options) {
  if (model.source == nullptr || model.source->imported == nullptr) return plan_onnx_export(model, options);
  if (options.contains(kStyle)) {
    throw_usage("--onnx-style says how a checkpoint becomes a graph, and an ONNX model is one already");
  }
  return std::make_unique<OnnxEmission>(model, options);
}

DType folded_dtype(DType source_dtype) { return source_dtype; }

}  // namespace

extern const TargetInfo onnx_target;
const TargetInfo onnx_target{
    .name = "onnx",
    .summary = "a graph with its weights (an ONNX model with those replaced), for ONNX Runtime and what reads ONNX",
    .source = "https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md",
    .ending = ".onnx",
    .folder = false,
    .default_scheme = "int4-g32",
    .folded_dtype = folded_dtype,
    .plan = plan,
    .options = {{.name = kStyle,
                 .value = "STYLE",
                 .summary =
                     "operators of a checkpoint's graph: ONNX's standard ones; or ort, ONNX Runtime's own, with a "
                     "past of keys and values, in a folder for onnxruntime-genai",
                 .initial = "standard",
                 .values = {"standard", "ort"}},
                {.name = kOnnxKind,
                 .value = "KIND",
                 .summary = "how codes are held: ONNX Runtime's MatMulNBits, standard DequantizeLinear nodes, integer "
                            "products of activations rounded as they come, or by calibrated ranges",
                 .initial = "matmulnbits; static with --activations",
                 .values = {"matmulnbits", "qdq", "dynamic", "static"}},
                {.name = kOnnxAccuracy,
                 .value = "N",
                 .summary = "precision that MatMulNBits computes in: 1 f32, 2 f16, 3 bf16, 4 int8",
                 .initial = "0: the runtime's choice",
                 .values = {"0", "1", "2", "3", "4"}},
                {.name = kExternal,
                 .value = "WHEN",
                 .summary = "values of tensors in a file of their own, OUT.data",
                 .initial = "auto: if the source has one, and above 2 GiB",
                 .values = {"auto", "always"}},
                {.name = kShape,
                 .value = "AXES",
                 .summary = "extents in place of symbolic ones, such as batch=1,length=128",
                 .initial = "as the source has them"}},
};

}  // namespace kerf::emit
