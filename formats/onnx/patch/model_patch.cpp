#include "formats/onnx/patch/model_patch.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "formats/onnx/patch/encode_job.h"
#include "formats/onnx/patch/file_parts.h"

namespace kerf::formats::onnx {

namespace {

/// What one protobuf message may have; some of it stays for what parsers add.
constexpr std::uint64_t kLargestMessage = (std::uint64_t{1} << 31) - (std::uint64_t{1} << 20);
constexpr std::uint64_t kCopyBytes = std::uint64_t{1} << 20;

bool has_external_data(const proto::GraphProto& graph) {
  return std::any_of(graph.initializer().begin(), graph.initializer().end(),
                     [](const auto& tensor) { return tensor.data_location() == proto::TensorProto::EXTERNAL; });
}

}  // namespace

struct PatchPlan {
  explicit PatchPlan(ModelFile opened) : file(std::move(opened)) {}
  ModelFile file;
  PatchEdits edits;
  FileParts parts;
};

ModelPatch::ModelPatch(const ImportedOnnx& model, std::span<const PatchTensor> tensors, PatchOptions options)
    : plan_(std::make_unique<PatchPlan>(open_model_file(make_byte_source(InputFile::open(model.files.front()))))) {
  const FileIndex index = index_file(*plan_->file.file);
  NodeTree tree(plan_->file, index);
  plan_->edits = plan_edits(plan_->file, model, tensors, options, tree);
  const bool external = options.external_data || has_external_data(plan_->file.model.graph());
  plan_->parts = lay_out(plan_->file, index, tree, plan_->edits, options, external);
  if (!external && plan_->parts.model_bytes > kLargestMessage) {
    plan_->parts = lay_out(plan_->file, index, tree, plan_->edits, options, true);
    plan_->edits.notes.push_back(
        fmt::format("one file cannot hold more than 2 GiB: values are in {} beside it", options.data_name));
  }
  if (plan_->parts.model_bytes > kLargestMessage) {
    throw_usage("onnx: what is beside the values of tensors is larger than 2 GiB, which no ONNX file may be");
  }
}

ModelPatch::~ModelPatch() = default;

std::uint64_t ModelPatch::bytes() const { return plan_->parts.model_bytes + plan_->parts.data_bytes; }
std::uint64_t ModelPatch::tensor_bytes() const { return plan_->parts.tensor_bytes; }
bool ModelPatch::has_data_file() const { return plan_->parts.external; }
std::vector<std::string> ModelPatch::notes() const { return plan_->edits.notes; }
DType ModelPatch::held_dtype(std::size_t tensor) const { return plan_->edits.held.at(tensor); }

namespace {

class Writer {
 public:
  Writer(const PatchPlan& plan, OutputFile& model, OutputFile* data,
         const std::function<PatchValues(std::size_t)>& values)
      : plan_(plan), model_(model), data_(data), values_(values) {}

  void write() {
    for (const FilePart& part : plan_.parts.parts) {
      model_.write(part.text);
      if (part.copied) copy(*part.copied);
      if (part.bytes == 0) continue;
      if (part.external) data_->pad_to(part.offset % 4096 == 0 ? 4096 : 64);
      write_values(part, part.external ? *data_ : model_);
    }
  }

 private:
  void copy(const FilePiece& piece) {
    std::vector<std::byte> buffer;
    for (std::uint64_t at = piece.begin; at < piece.end; at += buffer.size()) {
      buffer.resize(static_cast<std::size_t>(std::min(kCopyBytes, piece.end - at)));
      plan_.file.file->read(at, buffer);
      model_.write(buffer);
    }
  }

  void write_values(const FilePart& part, OutputFile& output) {
    if (part.stored >= 0) return copy_values(plan_.parts.stored[static_cast<std::size_t>(part.stored)], output);
    if (part.job->planned.size() == 1) {
      // Floats come in slabs, which need not be kept.
      encode_job(*part.job, values_, [&](std::size_t, std::span<const std::byte> bytes) { output.write(bytes); });
      return;
    }
    if (job_ != part.job) {
      job_ = part.job;
      bytes_.assign(job_->planned.size(), {});
      encode_job(*job_, values_, [&](std::size_t planned, std::span<const std::byte> bytes) {
        bytes_[planned].insert(bytes_[planned].end(), bytes.begin(), bytes.end());
      });
    }
    output.write(bytes_[part.planned]);
  }

  static void copy_values(const StoredTensor& tensor, OutputFile& output) {
    std::vector<std::byte> buffer;
    for (std::uint64_t at = 0; at < tensor.stored_bytes(); at += buffer.size()) {
      buffer.resize(static_cast<std::size_t>(std::min(kCopyBytes, tensor.stored_bytes() - at)));
      tensor.read_bytes(at, buffer);
      output.write(buffer);
    }
  }

  const PatchPlan& plan_;
  OutputFile& model_;
  OutputFile* data_;
  const std::function<PatchValues(std::size_t)>& values_;
  const TensorJob* job_ = nullptr;  ///< whose bytes are kept
  TensorBytes bytes_;
};

}  // namespace

void ModelPatch::write(OutputFile& model, OutputFile* data,
                       const std::function<PatchValues(std::size_t)>& values) const {
  Writer(*plan_, model, data, values).write();
}

}  // namespace kerf::formats::onnx
