#include "formats/lora/low_rank_source.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/error.h"

namespace kerf::formats::lora {
namespace {

/// Columns that are added to at a time: their sums stay in the first cache.
constexpr std::int64_t kStrip = 1024;
/// Rows at a time, which bounds what is read of `left`.
constexpr std::int64_t kSlabRows = 256;

class LowRankSource : public graph::TensorSource {
 public:
  LowRankSource(graph::SourcePtr base, graph::SourcePtr left, graph::SourcePtr right, float scaling,
                graph::SourcePtr magnitude)
      : TensorSource(DType::kF32, base->shape(), base->label()),
        base_(std::move(base)),
        left_(std::move(left)),
        right_(std::move(right)),
        magnitude_(std::move(magnitude)),
        scaling_(scaling) {}

  std::uint64_t stored_bytes() const override {
    return base_->stored_bytes() + left_->stored_bytes() + right_->stored_bytes() +
           (magnitude_ ? magnitude_->stored_bytes() : 0);
  }
  std::string stored_as() const override { return base_->stored_as() + " + rank " + std::to_string(right_->rows()); }
  std::optional<codec::Scheme> rounded_to() const override { return base_->rounded_to(); }

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    base_->read_rows(first, count, out);
    if (count == 0 || row_size() == 0) return;
    const Tensor right = right_->read();
    for (std::int64_t done = 0; done < count; done += kSlabRows) {
      const std::int64_t rows = std::min(kSlabRows, count - done);
      add(first + done, rows, right.data<float>(), out + done * row_size());
    }
    check(first, {out, static_cast<std::size_t>(count * row_size())});
    if (magnitude_) scale_rows(first, count, out);
  }

 private:
  /// Every element's sum has its own fixed order, whatever rows are read together.
  void add(std::int64_t first, std::int64_t rows, const float* right, float* out) const {
    const std::int64_t rank = right_->rows(), cols = row_size();
    std::vector<float> left(static_cast<std::size_t>(rows * rank)), sums(static_cast<std::size_t>(kStrip));
    left_->read_rows(first, rows, left.data());
    for (std::int64_t begin = 0; begin < cols; begin += kStrip) {
      const std::int64_t width = std::min(kStrip, cols - begin);
      for (std::int64_t row = 0; row < rows; ++row) {
        float* sum = sums.data();
        std::fill_n(sum, width, 0.0F);
        for (std::int64_t k = 0; k < rank; ++k) {
          const float factor = left[static_cast<std::size_t>(row * rank + k)];
          const float* line = right + k * cols + begin;
          for (std::int64_t c = 0; c < width; ++c) sum[c] += factor * line[c];
        }
        float* to = out + row * cols + begin;
        for (std::int64_t c = 0; c < width; ++c) to[c] += scaling_ * sum[c];
      }
    }
  }

  void scale_rows(std::int64_t first, std::int64_t count, float* out) const {
    std::vector<float> lengths(static_cast<std::size_t>(rows()));
    magnitude_->read_rows(0, magnitude_->rows(), lengths.data());
    for (std::int64_t row = 0; row < count; ++row, out += row_size()) {
      double squares = 0;
      for (std::int64_t c = 0; c < row_size(); ++c)
        squares += static_cast<double>(out[c]) * static_cast<double>(out[c]);
      if (squares == 0) {
        throw_input(label(), "", fmt::format("row {} is zero and has no direction to scale", first + row));
      }
      const auto factor =
          static_cast<float>(static_cast<double>(lengths[static_cast<std::size_t>(first + row)]) / std::sqrt(squares));
      for (std::int64_t c = 0; c < row_size(); ++c) out[c] *= factor;
    }
  }

  void check(std::int64_t first, std::span<const float> values) const {
    const std::size_t bad = codec::first_non_finite(values);
    if (bad == values.size()) return;
    const auto at = static_cast<std::int64_t>(bad);
    throw_input(label(), "",
                fmt::format("value at [{}, {}] is not finite once the adapter is added", first + at / row_size(),
                            at % row_size()));
  }

  graph::SourcePtr base_, left_, right_, magnitude_;
  float scaling_;
};

class ColumnSource : public graph::TensorSource {
 public:
  explicit ColumnSource(safetensors::StoredTensor tensor)
      : TensorSource(tensor.entry.dtype, {tensor.entry.shape.at(1), tensor.entry.shape.at(0)},
                     fmt::format("{}: {}", tensor.file->path(), tensor.place())),
        tensor_(std::move(tensor)) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const auto item = static_cast<std::uint64_t>(dtype_bytes(dtype()));
    std::vector<float> line(static_cast<std::size_t>(count));
    std::vector<std::byte> bytes(line.size() * item);
    for (std::int64_t k = 0; k < row_size(); ++k) {
      const auto begin = static_cast<std::uint64_t>(k * rows() + first);
      tensor_.read(begin * item, bytes);
      codec::decode_floats(dtype(), bytes, line);
      safetensors::check_finite(line, begin, tensor_.entry.shape, tensor_.file->path(), tensor_.place());
      for (std::int64_t i = 0; i < count; ++i) out[i * row_size() + k] = line[static_cast<std::size_t>(i)];
    }
  }

 private:
  safetensors::StoredTensor tensor_;
};

}  // namespace

graph::SourcePtr make_low_rank_source(graph::SourcePtr base, graph::SourcePtr left, graph::SourcePtr right,
                                      float scaling, graph::SourcePtr magnitude) {
  return std::make_shared<LowRankSource>(std::move(base), std::move(left), std::move(right), scaling,
                                         std::move(magnitude));
}

graph::SourcePtr make_column_source(safetensors::StoredTensor tensor) {
  return std::make_shared<ColumnSource>(std::move(tensor));
}

}  // namespace kerf::formats::lora
