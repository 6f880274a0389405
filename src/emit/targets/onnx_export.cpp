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
#include "emit/targets/genai_config.h"
#include "emit/targets/onnx_options.h"
#include "formats/onnx/export/export_graph.h"
#include "formats/onnx/model_writer.h"
#include "formats/onnx/patch/fixed_dims.h"

namespace kerf::emit {
namespace {

namespace onnx = formats::onnx;

constexpr std::uint64_t kLargestCarriedFile = std::uint64_t{1} << 30;
constexpr std::string_view kModelFile = "model.onnx";

bool is_fused(const TargetOptions& options) {
  return to_lower_ascii(option_or(options, "onnx-style", "standard")) == "ort";
}

/// A path that does not end in .onnx is that of a folder, in which the model has the name that runtimes look for.
bool is_folder(const EmitModel& model) {
  return !model.output.empty() && !ends_with(to_lower_ascii(model.output), ".onnx");
}
std::string model_file(const EmitModel& model) {
  return model.output.empty() || is_folder(model) ? std::string(kModelFile) : file_name(model.output);
}

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

onnx::ExportedGraph exported(const EmitModel& model, const TargetOptions& options) {
  if (model.reduced) {
    throw_usage(
        "onnx cannot be written of what pruning of heads or neurons leaves in the same run; write a folder, and "
        "convert that");
  }
  onnx::ExportModel out{.graph = model.graph, .description = model.model, .weights = {}};
  for (const EmitTensor& tensor : model.tensors) out.weights.emplace(tensor.value, exported(tensor));
  out.kind = &onnx_kind(model, options);
  out.form = onnx_form(options, *out.kind);
  if (is_fused(options)) out.style = onnx::ExportStyle::kFused;
  onnx::ExportedGraph graph = onnx::export_graph(out);
  if (const std::string shape = option_or(options, "shape", ""); !shape.empty()) {
    onnx::fix_dims(onnx::parse_dims(shape), *graph.model.mutable_graph());
  }
  return graph;
}

onnx::DataFile data_file(const EmitModel& model, const TargetOptions& options) {
  return {.name = model_file(model) + ".data",
          .always = to_lower_ascii(option_or(options, "external-data", "auto")) == "always"};
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

/// Files that belong together: beside each other, or in a folder of their own with what else a runtime wants.
class Place {
 public:
  virtual ~Place() = default;
  virtual std::unique_ptr<OutputFile> create(const std::string& name) = 0;
  virtual std::string model_path() const = 0;
  virtual void commit() = 0;
};

class FilePlace : public Place {
 public:
  explicit FilePlace(const std::string& path) : files_(path) {}
  std::unique_ptr<OutputFile> create(const std::string& name) override { return files_.create(name); }
  std::string model_path() const override { return files_.temporary_path(); }
  void commit() override { files_.commit(); }

 private:
  OutputFileSet files_;
};

class FolderPlace : public Place {
 public:
  FolderPlace(const std::string& path, bool force) : folder_(path, force) {}
  std::unique_ptr<OutputFile> create(const std::string& name) override { return folder_.create(name); }
  std::string model_path() const override { return join_path(folder_.temporary_path(), kModelFile); }
  void commit() override { folder_.commit(); }

 private:
  OutputFolder folder_;
};

/// Of a mixture, what its graph costs; empty of other models.
std::string note_on_experts(const graph::Graph& graph) {
  for (const graph::Node& node : graph.nodes()) {
    if (node.op != "CombineRows" || node.domain != graph::kKerfDomain) continue;
    const std::size_t experts = node.inputs.size() - 1;
    return fmt::format(
        "in an ONNX graph every expert sees all tokens, {} of them where a token needs only some: no shape depends on "
        "the data",
        experts);
  }
  return "";
}

class OnnxExport : public Emission {
 public:
  OnnxExport(const EmitModel& model, const TargetOptions& options)
      : OnnxExport(exported(model, options), model, options) {}

  std::uint64_t bytes() const override {
    std::uint64_t total = writer_.model_bytes() + writer_.data_bytes();
    for (const auto& [name, text] : texts_) total += text.size();
    for (const std::string& path : carried_) total += InputFile::open(path)->size();
    return total;
  }
  std::uint64_t tensor_bytes() const override { return writer_.streamed_bytes(); }
  std::vector<std::string> notes() const override { return notes_; }

  std::vector<std::string> file_paths(const std::string& path) const override {
    if (is_folder_ || !writer_.has_data_file()) return {path};
    return {path, path + ".data"};
  }

  void open(const std::string& path, bool force) override {
    if (is_folder_) {
      place_ = std::make_unique<FolderPlace>(path, force);
    } else {
      place_ = std::make_unique<FilePlace>(path);
    }
  }

  void write(const EmitModel& model) override {
    Values values(model, codes_);
    const auto file = place_->create(name_);
    const auto data = writer_.has_data_file() ? place_->create(name_ + ".data") : nullptr;
    writer_.write(*file, data.get(), [&](const onnx::proto::TensorProto& initializer, const onnx::ByteSink& sink) {
      values.write(initializer.name(), sink);
    });
    if (data) data->commit();
    file->commit();
    for (const auto& [name, text] : texts_) write_text(name, text);
    for (const std::string& path : carried_) write_text(file_name(path), read_file(path, kLargestCarriedFile));
  }

  std::string readable_path() const override { return place_->model_path(); }
  std::vector<WrittenFile> readable_files() const override { return files_in(parent_path(place_->model_path())); }
  void commit() override { place_->commit(); }

 private:
  OnnxExport(onnx::ExportedGraph graph, const EmitModel& model, const TargetOptions& options)
      : is_folder_(is_folder(model)),
        name_(model_file(model)),
        codes_(std::move(graph.codes)),
        writer_(std::move(graph.model), data_file(model, options)) {
    for (const onnx::HeldCodes& held : codes_) {
      if (held.form == nullptr) continue;
      std::string note = held.form->note(held.quantized);
      if (!note.empty() && std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(note);
    }
    if (!codes_.empty()) {
      if (std::string note = onnx_kind_note(onnx_kind(model, options)); !note.empty()) {
        notes_.push_back(std::move(note));
      }
    }
    if (std::string note = note_on_experts(*model.graph); !note.empty()) notes_.push_back(std::move(note));
    if (is_fused(options) && !is_folder_) {
      throw_usage(model.output +
                  ": --onnx-style ort writes a folder, with genai_config.json and the tokenizer; name "
                  "one, with --format onnx");
    }
    if (is_folder_) add_companions(model, options);
  }

  void add_companions(const EmitModel& model, const TargetOptions& options) {
    if (!model.model->config.is_null()) texts_.emplace("config.json", plain_config(*model.model).dump(2) + "\n");
    if (is_fused(options)) texts_.emplace("genai_config.json", genai_config(*model.model).dump(2) + "\n");
    for (const std::string& path : model.carried_files) {
      if (!texts_.contains(file_name(path))) carried_.push_back(path);
    }
  }

  void write_text(const std::string& name, std::string_view text) {
    const auto file = place_->create(name);
    file->write(text);
    file->commit();
  }

  bool is_folder_ = false;
  std::string name_;
  std::vector<onnx::HeldCodes> codes_;
  onnx::ModelWriter writer_;
  std::map<std::string, std::string> texts_;
  std::vector<std::string> carried_, notes_;
  std::unique_ptr<Place> place_;
};

}  // namespace

std::unique_ptr<Emission> plan_onnx_export(const EmitModel& model, const TargetOptions& options) {
  return std::make_unique<OnnxExport>(model, options);
}

}  // namespace kerf::emit
