#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "core/quantities.h"
#include "core/strings.h"
#include "emit/target.h"
#include "formats/gguf/split.h"
#include "formats/gguf/tensor_source.h"
#include "formats/gguf/writer.h"

namespace kerf::emit {
namespace {

namespace gguf = formats::gguf;

class GgufEmission : public Emission {
 public:
  GgufEmission(const EmitModel& model, std::uint64_t part_bytes) {
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
    plan_ = gguf::plan(*model.model, *model.tokenizer, planned, {.name = model.name, .part_bytes = part_bytes});
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

  std::vector<std::string> file_paths(const std::string& path) const override {
    if (plan_.parts.empty()) return {path};
    std::vector<std::string> paths;
    for (std::int64_t number = 1; number <= std::ssize(plan_.parts); ++number) {
      paths.push_back(gguf::part_path(path, number, std::ssize(plan_.parts)));
    }
    return paths;
  }

  void open(const std::string& path, bool) override {
    if (plan_.parts.empty()) {
      file_ = std::make_unique<OutputFile>(path);
    } else {
      path_ = path;
      set_ = std::make_unique<OutputFileSet>(part_path(1));
    }
  }
  void write(const EmitModel& model) override {
    const auto data = [&](std::size_t index) -> gguf::TensorData {
      const EmitTensor& tensor = model.tensors[index];
      if (auto quantized = tensor.source->read_quantized(); quantized && tensor.scheme.quantized()) {
        return *std::move(quantized);
      }
      return tensor.source;
    };
    if (set_) {
      const auto create = [&](std::int64_t number) { return set_->create(file_name(part_path(number))); };
      return gguf::write_parts(plan_, create, data);
    }
    gguf::write_gguf(plan_, *file_, data);
    file_->flush();
  }
  std::string readable_path() const override { return set_ ? set_->temporary_path() : file_->temporary_path(); }
  std::vector<WrittenFile> readable_files() const override {
    if (!set_) return {{file_name(file_->path()), file_->temporary_path()}};
    std::vector<WrittenFile> files;
    for (const std::string& part : file_paths(path_)) {
      const std::string name = file_name(part);
      files.push_back({name, join_path(parent_path(set_->temporary_path()), name)});
    }
    return files;
  }
  void commit() override {
    if (set_) return set_->commit();
    file_->commit();
  }

 private:
  std::string part_path(std::int64_t number) const { return gguf::part_path(path_, number, std::ssize(plan_.parts)); }

  gguf::GgufPlan plan_;
  std::vector<const gguf::FileTensor*> holders_;  ///< by the number of the tensor in the model
  std::string path_;                              ///< of a split file, as if it were one
  std::unique_ptr<OutputFile> file_;              ///< or:
  std::unique_ptr<OutputFileSet> set_;            ///< the parts of a split one
};

constexpr std::string_view kSplit = "split-max-size";

std::unique_ptr<Emission> plan(const EmitModel& model, const TargetOptions& options) {
  const std::string size = option_or(options, kSplit, "");
  return std::make_unique<GgufEmission>(model, size.empty() ? 0 : parse_bytes(fmt::format("--{}", kSplit), size));
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
    .options = {{.name = kSplit,
                 .value = "SIZE",
                 .summary = "cut the file into parts OUT-00001-of-0000N.gguf, each with tensors of at most SIZE",
                 .initial = "one file"}},
};

}  // namespace kerf::emit
