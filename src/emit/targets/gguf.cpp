#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "core/strings.h"
#include "emit/target.h"
#include "formats/gguf/tensor_source.h"
#include "formats/gguf/writer.h"

namespace kerf::emit {
namespace {

namespace gguf = formats::gguf;

class GgufEmission : public Emission {
 public:
  explicit GgufEmission(const EmitModel& model) {
    std::vector<gguf::PlannedTensor> planned;
    for (const EmitTensor& tensor : model.tensors) {
      if (tensor.activations) {
        throw_usage(
            fmt::format("gguf cannot say that activations are rounded ({} before {}); its runtimes decide on that "
                        "themselves; leave out --activations, or write compressed-tensors",
                        tensor.activations->name, quoted(tensor.name)));
      }
      planned.push_back({tensor.name, tensor.shape, tensor.scheme, tensor.source_dtype});
    }
    plan_ = gguf::plan(*model.model, *model.tokenizer, planned, {.name = model.name});
    holders_.resize(planned.size());
    for (const gguf::FileTensor& tensor : plan_.tensors) {
      for (const std::size_t index : tensor.planned) holders_[index] = &tensor;
    }
  }

  std::uint64_t bytes() const override { return plan_.total_bytes(); }
  std::uint64_t tensor_bytes() const override {
    std::uint64_t total = 0;
    for (const auto& tensor : plan_.layout.tensors) total += tensor.bytes;
    return total;
  }
  std::vector<std::string> notes() const override { return plan_.notes; }
  DType held_dtype(std::size_t tensor, DType planned) const override {
    return holders_.at(tensor)->storage.type->dtype.value_or(planned);
  }
  graph::SourcePtr as_read(std::size_t tensor, graph::SourcePtr source) const override {
    return holders_.at(tensor)->plus_one ? gguf::make_plus_minus_one_source(std::move(source)) : source;
  }

  void open(const std::string& path, bool) override { file_ = std::make_unique<OutputFile>(path); }
  void write(const EmitModel& model) override {
    gguf::write_gguf(plan_, *file_, [&](std::size_t index) -> gguf::TensorData {
      const EmitTensor& tensor = model.tensors[index];
      if (auto quantized = tensor.source->read_quantized(); quantized && tensor.scheme.quantized()) {
        return *std::move(quantized);
      }
      return tensor.source;
    });
    file_->flush();
  }
  std::string readable_path() const override { return file_->temporary_path(); }
  void commit() override { file_->commit(); }

 private:
  gguf::GgufPlan plan_;
  std::vector<const gguf::FileTensor*> holders_;  ///< by the number of the tensor in the model
  std::unique_ptr<OutputFile> file_;
};

std::unique_ptr<Emission> plan(const EmitModel& model, const TargetOptions&) {
  return std::make_unique<GgufEmission>(model);
}

/// GGUF holds norms and biases as f32, whatever they were.
DType folded_dtype(DType) { return DType::kF32; }

}  // namespace

extern const TargetInfo gguf_target;
const TargetInfo gguf_target{
    .name = "gguf",
    .summary = "one file with tokenizer and metadata, for llama.cpp and what is built on it",
    .source = "https://github.com/ggml-org/ggml/blob/master/docs/gguf.md",
    .ending = ".gguf",
    .folder = false,
    .default_scheme = "q4_k_m",
    .folded_dtype = folded_dtype,
    .plan = plan,
};

}  // namespace kerf::emit
