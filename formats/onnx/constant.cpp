#include "formats/onnx/constant.h"

#include <algorithm>
#include <utility>

namespace kerf::formats::onnx {
namespace {

/// The values of a source under another shape, in the same order.
class ReshapedSource : public graph::TensorSource {
 public:
  ReshapedSource(graph::SourcePtr source, Shape shape)
      : TensorSource(source->dtype(), std::move(shape), source->label()), source_(std::move(source)) {}

  std::uint64_t stored_bytes() const override { return source_->stored_bytes(); }
  std::string stored_as() const override { return source_->stored_as(); }
  std::optional<codec::Scheme> rounded_to() const override { return source_->rounded_to(); }

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const std::int64_t begin = first * row_size(), end = begin + count * row_size(), width = source_->row_size();
    if (begin == end) return;
    const std::int64_t first_row = begin / width, row_end = (end + width - 1) / width;
    if (begin % width == 0 && end % width == 0) return source_->read_rows(first_row, row_end - first_row, out);
    std::vector<float> rows(static_cast<std::size_t>((row_end - first_row) * width));
    source_->read_rows(first_row, row_end - first_row, rows.data());
    std::copy_n(rows.data() + (begin - first_row * width), end - begin, out);
  }

 private:
  graph::SourcePtr source_;
};

}  // namespace

Constant::Constant(StoredTensor tensor, std::string initializer) {
  state_->dtype = tensor.dtype();
  state_->shape = tensor.shape();
  if (!initializer.empty()) state_->initializers.push_back(std::move(initializer));
  state_->stored = std::move(tensor);
}

Constant::Constant(Tensor values, std::vector<std::string> initializers) {
  state_->dtype = values.dtype();
  state_->shape = values.shape();
  std::sort(initializers.begin(), initializers.end());
  initializers.erase(std::unique(initializers.begin(), initializers.end()), initializers.end());
  state_->initializers = std::move(initializers);
  state_->values = std::move(values);
  state_->computed = true;
}

Constant::Constant(graph::SourcePtr source, std::vector<std::string> initializers, bool computed) {
  state_->shape = source->shape();
  state_->computed = computed;
  state_->initializers = std::move(initializers);
  state_->source = std::move(source);
}

void Constant::read_bytes(std::int64_t offset, std::span<std::byte> into) const {
  if (stored() != nullptr && !in_memory()) return stored()->read_bytes(static_cast<std::uint64_t>(offset), into);
  std::copy_n(values().raw() + offset, into.size(), into.begin());
}

const Tensor& Constant::values() const {
  if (!in_memory()) state_->values = state_->stored ? state_->stored->read() : state_->source->read();
  return state_->values;
}

graph::SourcePtr Constant::source() const {
  if (state_->source == nullptr) {
    state_->source = state_->stored ? state_->stored->source() : graph::make_memory_source(values(), "a constant");
  }
  return state_->source;
}

bool is_learned_matrix(const Constant& constant) {
  const Shape& shape = constant.shape();
  return constant.dtype() == DType::kF32 && shape.size() == 2 && shape[0] > 1 && shape[1] > 1 && !constant.computed() &&
         !constant.initializers().empty();
}

Constant transposed(const Constant& matrix) {
  return Constant(graph::make_transposed_source(matrix.source()), matrix.initializers(), matrix.computed());
}

Constant reshaped(const Constant& constant, Shape shape) {
  if (constant.dtype() == DType::kU8 && !constant.in_memory() && constant.stored() != nullptr) {
    const auto& names = constant.initializers();
    return Constant(constant.stored()->reshaped(std::move(shape)), names.empty() ? "" : names.front());
  }
  // A single number may be infinite: it is what masks are filled with.
  if (constant.computed() || constant.dtype() != DType::kF32 || constant.size() == 1) {
    return Constant(constant.values().reshaped(std::move(shape)), constant.initializers());
  }
  return Constant(std::make_shared<ReshapedSource>(constant.source(), std::move(shape)), constant.initializers());
}

}  // namespace kerf::formats::onnx
