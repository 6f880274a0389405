#include "graph/tensor_source.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace kerf::graph {

std::int64_t TensorSource::rows() const { return shape_.empty() ? 1 : shape_.front(); }

std::int64_t TensorSource::row_size() const { return shape_.empty() ? 1 : numel(std::span(shape_).subspan(1)); }

Tensor TensorSource::read() const {
  Tensor tensor(DType::kF32, shape_);
  read_rows(0, rows(), tensor.data<float>());
  return tensor;
}

std::string TensorSource::stored_as() const {
  const auto codes = scheme();
  return codes ? codes->name : std::string(dtype_name(dtype_));
}

namespace {

class MemorySource : public TensorSource {
 public:
  MemorySource(Tensor values, std::string label)
      : TensorSource(DType::kF32, values.shape(), std::move(label)), values_(std::move(values)) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const float* begin = values_.data<float>() + first * row_size();
    std::copy(begin, begin + count * row_size(), out);
  }

 private:
  Tensor values_;
};

class TransposedSource : public TensorSource {
 public:
  explicit TransposedSource(SourcePtr source)
      : TensorSource(source->dtype(), {source->shape().at(1), source->shape().at(0)}, source->label()),
        source_(std::move(source)) {}

  const SourcePtr& original() const { return source_; }
  std::uint64_t stored_bytes() const override { return source_->stored_bytes(); }
  std::string stored_as() const override { return source_->stored_as(); }
  std::optional<codec::Scheme> rounded_to() const override { return source_->rounded_to(); }

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    // A row here is a column there: slabs of the source are read and their wanted columns scattered.
    const std::int64_t height = source_->rows(), width = source_->row_size();
    const std::int64_t slab = std::clamp<std::int64_t>((std::int64_t{1} << 20) / std::max<std::int64_t>(width, 1), 1,
                                                       std::max<std::int64_t>(height, 1));
    std::vector<float> rows(static_cast<std::size_t>(slab * width));
    for (std::int64_t begin = 0; begin < height; begin += slab) {
      const std::int64_t n = std::min(slab, height - begin);
      source_->read_rows(begin, n, rows.data());
      for (std::int64_t c = 0; c < count; ++c) {
        for (std::int64_t r = 0; r < n; ++r) {
          out[c * height + begin + r] = rows[static_cast<std::size_t>(r * width + first + c)];
        }
      }
    }
  }

 private:
  SourcePtr source_;
};

class RowGatherSource : public TensorSource {
 public:
  RowGatherSource(SourcePtr source, std::vector<std::int64_t> rows)
      : TensorSource(source->dtype(), gathered_shape(*source, rows), source->label()),
        source_(std::move(source)),
        rows_(std::move(rows)) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    for (std::int64_t i = 0; i < count;) {
      // Neighbouring rows are read together.
      const std::int64_t start = row(first + i);
      std::int64_t run = 1;
      while (i + run < count && row(first + i + run) == start + run) ++run;
      source_->read_rows(start, run, out + i * row_size());
      i += run;
    }
  }

  std::uint64_t stored_bytes() const override {
    const std::int64_t all = std::max<std::int64_t>(source_->rows(), 1);
    return source_->stored_bytes() / static_cast<std::uint64_t>(all) * static_cast<std::uint64_t>(rows());
  }

  std::optional<codec::Scheme> scheme() const override { return source_->scheme(); }
  std::string stored_as() const override { return source_->stored_as(); }
  std::optional<codec::Scheme> rounded_to() const override { return source_->rounded_to(); }

  std::optional<codec::QuantizedTensor> read_quantized() const override {
    const auto whole = source_->read_quantized();
    if (!whole) return std::nullopt;
    if (whole->scheme.granularity == codec::Granularity::kBlock) {
      throw_usage(whole->scheme.name + ": blocks of rows have scales in common, and some of their rows are taken out");
    }
    codec::QuantizedTensor result = codec::make_quantized(whole->scheme, rows(), whole->cols);
    const bool shared_scales = whole->scheme.granularity == codec::Granularity::kTensor;
    if (shared_scales) {
      result.scales = whole->scales;
      result.zero_points = whole->zero_points;
      result.minima = whole->minima;
    }
    for (std::int64_t i = 0; i < rows(); ++i) {
      copy_row(whole->codes, row(i), result.codes, i, whole->cols);
      if (shared_scales) continue;
      copy_row(whole->scales, row(i), result.scales, i, whole->groups());
      copy_row(whole->zero_points, row(i), result.zero_points, i, whole->groups());
      copy_row(whole->minima, row(i), result.minima, i, whole->groups());
      copy_row(whole->scale_codes, row(i), result.scale_codes, i, whole->groups());
      copy_row(whole->minimum_codes, row(i), result.minimum_codes, i, whole->groups());
      copy_row(whole->super_scales, row(i), result.super_scales, i, whole->scheme.super_blocks(whole->cols));
      copy_row(whole->super_minima, row(i), result.super_minima, i, whole->scheme.super_blocks(whole->cols));
    }
    return result;
  }

 private:
  static Shape gathered_shape(const TensorSource& source, const std::vector<std::int64_t>& rows) {
    Shape shape = source.shape();
    shape.at(0) = static_cast<std::int64_t>(rows.size());
    return shape;
  }

  template <typename T>
  static void copy_row(const std::vector<T>& from, std::int64_t row_from, std::vector<T>& to, std::int64_t row_to,
                       std::int64_t width) {
    if (from.empty()) return;
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(row_from * width);
    std::copy(begin, begin + static_cast<std::ptrdiff_t>(width),
              to.begin() + static_cast<std::ptrdiff_t>(row_to * width));
  }

  std::int64_t row(std::int64_t i) const { return rows_[static_cast<std::size_t>(i)]; }

  SourcePtr source_;
  std::vector<std::int64_t> rows_;
};

}  // namespace

SourcePtr make_memory_source(Tensor values, std::string label) {
  return std::make_shared<MemorySource>(std::move(values), std::move(label));
}

SourcePtr make_transposed_source(SourcePtr source) {
  // Twice transposed is the original, quantized access included.
  if (const auto* transposed = dynamic_cast<const TransposedSource*>(source.get())) return transposed->original();
  return std::make_shared<TransposedSource>(std::move(source));
}

SourcePtr make_row_gather_source(SourcePtr source, std::vector<std::int64_t> rows) {
  return std::make_shared<RowGatherSource>(std::move(source), std::move(rows));
}

}  // namespace kerf::graph
