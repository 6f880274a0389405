#include "quant/sources.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/threads.h"

namespace kerf::quant {
namespace {

using codec::Granularity;
using codec::GroupParams;
using codec::QuantizedTensor;
using codec::Scheme;

constexpr std::int64_t kRowsAtOnce = 64;

/// Rows of a slab that one thread converts: 1 MiB of floats.
std::int64_t slab_rows(std::int64_t cols) {
  return std::clamp<std::int64_t>((std::int64_t{1} << 18) / std::max<std::int64_t>(cols, 1), 1, 4096);
}

class RtnSource : public graph::TensorSource {
 public:
  RtnSource(graph::SourcePtr source, Scheme scheme, codec::FitRule rule)
      : TensorSource(scheme.scale_dtype, source->shape(), source->label()),
        source_(std::move(source)),
        scheme_(std::move(scheme)),
        own_scheme_(scheme_),
        rule_(rule) {
    if (!scheme_.unit_by_tensor) rounder_.emplace(scheme_, rule_);
  }

  std::optional<Scheme> scheme() const override { return scheme_; }
  std::uint64_t stored_bytes() const override { return (codec::storage_bits(scheme_, rows(), row_size()) + 7) / 8; }

  std::optional<QuantizedTensor> read_quantized() const override {
    const Rounder& rounder = own_rounder();
    QuantizedTensor tensor = codec::make_quantized(own_scheme_, rows(), row_size());
    if (scheme_.shares_rows()) take_parameters(shared(), tensor);
    const std::int64_t slab = slab_rows(row_size());
    parallel_for(div_up(rows(), slab), [&](std::int64_t i) {
      const std::int64_t first = i * slab, count = std::min(slab, rows() - first);
      std::vector<float> values(static_cast<std::size_t>(count * row_size()));
      source_->read_rows(first, count, values.data());
      round_slab(rounder, values.data(), first, count, tensor);
    });
    return tensor;
  }

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    source_->read_rows(first, count, out);
    const Rounder& rounder = own_rounder();
    if (scheme_.shares_rows()) {
      std::vector<std::uint8_t> codes(static_cast<std::size_t>(count * row_size()));
      rounder.encode_rows(out, first, count, shared(), codes.data());
      return codec::dequantize_rows(shared(), codes.data(), first, count, out);
    }
    QuantizedTensor part = codec::make_quantized(own_scheme_, count, row_size());
    rounder.round_rows(out, {}, 0, count, part, label());
    codec::dequantize_rows(part, 0, count, out);
  }

 private:
  /// What rows share: known after one look at all of them.
  const QuantizedTensor& shared() const {
    std::call_once(fitted_, [&] {
      shared_ = codec::make_parameters(own_scheme_, rows(), row_size());
      const std::int64_t height = std::max<std::int64_t>(own_scheme_.group_height(rows()), 1);
      std::vector<float> values;
      for (std::int64_t first = 0; first < rows(); first += height) {
        const std::int64_t count = std::min(height, rows() - first);
        values.resize(static_cast<std::size_t>(count * row_size()));
        source_->read_rows(first, count, values.data());
        rounder_->fit_shared(values.data(), {}, first, count, shared_, label());
      }
    });
    return shared_;
  }

  static void take_parameters(const QuantizedTensor& from, QuantizedTensor& to) {
    to.scales = from.scales;
    to.zero_points = from.zero_points;
    to.minima = from.minima;
  }

  /// Where scales have a unit of the tensor's own, it is known after one look at all of the values.
  const Rounder& own_rounder() const {
    std::call_once(made_, [&] {
      if (rounder_) return;
      float largest = 0;
      const std::int64_t slab = slab_rows(row_size());
      std::vector<float> values(static_cast<std::size_t>(std::min(slab, rows()) * row_size()));
      for (std::int64_t first = 0; first < rows(); first += slab) {
        const std::int64_t count = std::min(slab, rows() - first);
        source_->read_rows(first, count, values.data());
        for (std::int64_t i = 0; i < count * row_size(); ++i) {
          largest = std::max(largest, std::abs(values[static_cast<std::size_t>(i)]));
        }
      }
      own_scheme_ = codec::with_unit(scheme_, largest);
      rounder_.emplace(own_scheme_, rule_);
    });
    return *rounder_;
  }

  void round_slab(const Rounder& rounder, const float* values, std::int64_t first, std::int64_t count,
                  QuantizedTensor& tensor) const {
    if (!scheme_.shares_rows()) return rounder.round_rows(values, {}, first, count, tensor, label());
    rounder.encode_rows(values, first, count, tensor, tensor.codes.data() + first * row_size());
  }

  graph::SourcePtr source_;
  Scheme scheme_;
  mutable Scheme own_scheme_;  ///< with the unit that is chosen together with the rounder
  codec::FitRule rule_;
  mutable std::optional<Rounder> rounder_;
  mutable std::once_flag made_, fitted_;
  mutable QuantizedTensor shared_;  ///< without codes
};

/// The original's, unless the matrix has fewer columns.
Shape shape_of(const graph::TensorSource& original, std::int64_t rows, std::int64_t cols) {
  return original.rows() == rows && original.row_size() == cols ? original.shape() : Shape{rows, cols};
}

/// Codes wherever the budget has room for them, the few scales in memory.
class QuantizedSource : public graph::TensorSource {
 public:
  QuantizedSource(QuantizedTensor tensor, Shape shape, std::string label, const std::shared_ptr<sweep::Budget>& budget)
      : TensorSource(tensor.scheme.scale_dtype, std::move(shape), std::move(label)),
        codes_(Tensor::from<std::uint8_t>({tensor.rows, tensor.cols}, tensor.codes), budget),
        parameters_(std::move(tensor)) {
    parameters_.codes = {};
  }

  std::optional<Scheme> scheme() const override { return parameters_.scheme; }
  std::optional<QuantizedTensor> read_quantized() const override {
    QuantizedTensor tensor = parameters_;
    const Tensor codes = codes_.load();
    const auto values = codes.values<std::uint8_t>();
    tensor.codes.assign(values.begin(), values.end());
    return tensor;
  }
  std::uint64_t stored_bytes() const override {
    return (codec::storage_bits(parameters_.scheme, parameters_.rows, parameters_.cols) + 7) / 8;
  }
  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(count * parameters_.cols));
    codes_.read(static_cast<std::uint64_t>(first * parameters_.cols), std::as_writable_bytes(std::span(codes)));
    codec::dequantize_rows(parameters_, codes.data(), first, count, out);
  }

 private:
  sweep::StoredTensor codes_;
  QuantizedTensor parameters_;  ///< everything but the codes
};

/// The same without a budget, for those that are tuned or learned step by step.
class CodesSource : public graph::TensorSource {
 public:
  CodesSource(std::shared_ptr<const QuantizedTensor> tensor, Shape shape, std::string label)
      : TensorSource(tensor->scheme.scale_dtype, std::move(shape), std::move(label)), tensor_(std::move(tensor)) {}

  std::optional<codec::Scheme> scheme() const override { return tensor_->scheme; }
  std::optional<QuantizedTensor> read_quantized() const override { return *tensor_; }
  std::uint64_t stored_bytes() const override {
    return (codec::storage_bits(tensor_->scheme, tensor_->rows, tensor_->cols) + 7) / 8;
  }
  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    codec::dequantize_rows(*tensor_, first, count, out);
  }

 private:
  std::shared_ptr<const QuantizedTensor> tensor_;
};

class SpreadSource : public graph::TensorSource {
 public:
  SpreadSource(graph::SourcePtr source, std::vector<std::int64_t> columns, std::int64_t cols)
      : TensorSource(source->dtype(), {source->rows(), cols}, source->label()),
        source_(std::move(source)),
        columns_(std::move(columns)) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const std::size_t width = columns_.size();
    std::vector<float> values(static_cast<std::size_t>(count) * width);
    source_->read_rows(first, count, values.data());
    std::fill_n(out, count * row_size(), 0.0F);
    for (std::int64_t r = 0; r < count; ++r) {
      const float* const row = values.data() + static_cast<std::size_t>(r) * width;
      for (std::size_t c = 0; c < width; ++c) out[r * row_size() + columns_[c]] = row[c];
    }
  }

 private:
  graph::SourcePtr source_;
  std::vector<std::int64_t> columns_;
};

class StoredSource : public graph::TensorSource {
 public:
  StoredSource(Tensor values, Shape shape, std::string label, const std::shared_ptr<sweep::Budget>& budget)
      : TensorSource(DType::kF32, std::move(shape), std::move(label)), values_(std::move(values), budget) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const std::span<float> into(out, static_cast<std::size_t>(count * row_size()));
    values_.read(static_cast<std::uint64_t>(first * row_size()) * sizeof(float), std::as_writable_bytes(into));
  }

 private:
  sweep::StoredTensor values_;
};

class RoundedSource : public graph::TensorSource {
 public:
  RoundedSource(graph::SourcePtr source, DType dtype)
      : TensorSource(dtype, source->shape(), source->label()), source_(std::move(source)) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    source_->read_rows(first, count, out);
    const std::span<float> values(out, static_cast<std::size_t>(count * row_size()));
    std::vector<std::byte> narrow(values.size() * dtype_bytes(dtype()));
    codec::encode_floats(dtype(), values, narrow);
    codec::decode_floats(dtype(), narrow, values);
    if (const std::size_t bad = codec::first_non_finite(values); bad < values.size()) {
      throw_input(label(), "",
                  fmt::format("a value in row {} does not fit {}", first + static_cast<std::int64_t>(bad) / row_size(),
                              dtype_name(dtype())));
    }
  }

 private:
  graph::SourcePtr source_;
};

}  // namespace

void throw_scale_overflow(const std::string& label, const Scheme& scheme, std::int64_t row) {
  throw_input(label, fmt::format("row {}", row),
              fmt::format("a scale or minimum of {} does not fit {}; --scale-dtype f32 or bf16 holds it", scheme.name,
                          dtype_name(scheme.scale_dtype)));
}

void Rounder::fit_row(const float* values, std::span<const float> importance, std::int64_t row, QuantizedTensor& tensor,
                      const std::string& label) const {
  const std::int64_t cols = tensor.cols, fitted = fitter_->width(cols);
  for (std::int64_t begin = 0; begin < cols; begin += fitted) {
    const std::span run(values + begin, static_cast<std::size_t>(std::min(fitted, cols - begin)));
    const auto weights =
        importance.empty() ? importance : importance.subspan(static_cast<std::size_t>(begin), run.size());
    if (!fitter_->fit(run, weights, tensor, row, begin)) throw_scale_overflow(label, tensor.scheme, row);
  }
}

void Rounder::encode_rows(const float* values, std::int64_t first, std::int64_t count,
                          const QuantizedTensor& parameters, std::uint8_t* codes) const {
  const std::int64_t cols = parameters.cols, group = parameters.scheme.group_width(cols);
  for (std::int64_t r = 0; r < count; ++r) {
    for (std::int64_t begin = 0; begin < cols; begin += group) {
      const auto size = static_cast<std::size_t>(std::min(group, cols - begin));
      const GroupParams params = codec::get_params(parameters, parameters.group_index(first + r, begin));
      grid_->encode_run({values + r * cols + begin, size}, params, {codes + r * cols + begin, size}, {});
    }
  }
}

void Rounder::fit_shared(const float* values, std::span<const float> importance, std::int64_t first, std::int64_t count,
                         QuantizedTensor& tensor, const std::string& label) const {
  const std::int64_t cols = tensor.cols, width = tensor.scheme.group_width(cols);
  const std::int64_t height = std::max<std::int64_t>(tensor.scheme.group_height(tensor.rows), 1);
  parallel_for(div_up(count, height) * tensor.groups(), [&](std::int64_t task) {
    const std::int64_t top = task / tensor.groups() * height, left = task % tensor.groups() * width;
    const std::int64_t bottom = std::min(count, top + height);
    const auto size = static_cast<std::size_t>(std::min(width, cols - left));
    std::vector<float> copies, weights;
    for (std::int64_t row = top; row < bottom; ++row) {
      if (tensor.groups() > 1)
        copies.insert(copies.end(), values + row * cols + left, values + row * cols + left + size);
      if (importance.empty()) continue;
      const auto own = importance.subspan(static_cast<std::size_t>(left), size);
      weights.insert(weights.end(), own.begin(), own.end());
    }
    // Whole rows lie behind each other as they are.
    const auto block = tensor.groups() > 1
                           ? std::span<const float>(copies)
                           : std::span(values + top * cols, static_cast<std::size_t>(bottom - top) * size);
    if (!fitter_->fit(block, weights, tensor, first + top, left))
      throw_scale_overflow(label, tensor.scheme, first + top);
  });
}

void Rounder::round_rows(const float* values, std::span<const float> importance, std::int64_t first, std::int64_t count,
                         QuantizedTensor& tensor, const std::string& label) const {
  const std::int64_t chunks = (count + kRowsAtOnce - 1) / kRowsAtOnce;
  parallel_for(chunks, [&](std::int64_t chunk) {
    const std::int64_t end = std::min(count, (chunk + 1) * kRowsAtOnce);
    for (std::int64_t r = chunk * kRowsAtOnce; r < end; ++r) {
      const float* const row = values + r * tensor.cols;
      fit_row(row, importance, first + r, tensor, label);
      encode_rows(row, first + r, 1, tensor, tensor.codes.data() + (first + r) * tensor.cols);
    }
  });
}

QuantizedTensor Rounder::round(const Tensor& values, std::span<const float> importance, const Scheme& scheme,
                               const std::string& label) const {
  const std::int64_t rows = values.dim(0), cols = values.size() / std::max<std::int64_t>(rows, 1);
  QuantizedTensor tensor = codec::make_quantized(scheme, rows, cols);
  if (!scheme.shares_rows()) {
    round_rows(values.data<float>(), importance, 0, rows, tensor, label);
    return tensor;
  }
  fit_shared(values.data<float>(), importance, 0, rows, tensor, label);
  parallel_for(rows, [&](std::int64_t row) {
    encode_rows(values.data<float>() + row * cols, row, 1, tensor, tensor.codes.data() + row * cols);
  });
  return tensor;
}

QuantizedTensor round_to_nearest(const Tensor& values, const Scheme& scheme, const std::string& label) {
  const Scheme own = codec::with_unit(scheme, values.values<float>());
  return Rounder(own).round(values, {}, own, label);
}

graph::SourcePtr make_rtn_source(graph::SourcePtr source, Scheme scheme, codec::FitRule rule) {
  return std::make_shared<RtnSource>(std::move(source), std::move(scheme), rule);
}

graph::SourcePtr make_quantized_source(QuantizedTensor tensor, const graph::TensorSource& original,
                                       const std::shared_ptr<sweep::Budget>& budget) {
  Shape shape = shape_of(original, tensor.rows, tensor.cols);
  return std::make_shared<QuantizedSource>(std::move(tensor), std::move(shape), original.label(), budget);
}

graph::SourcePtr make_spread_source(graph::SourcePtr source, std::vector<std::int64_t> columns, std::int64_t cols) {
  return std::make_shared<SpreadSource>(std::move(source), std::move(columns), cols);
}

graph::SourcePtr make_stored_source(Tensor values, const graph::TensorSource& original,
                                    const std::shared_ptr<sweep::Budget>& budget) {
  Shape shape = shape_of(original, values.dim(0), values.dim(1));
  return std::make_shared<StoredSource>(std::move(values), std::move(shape), original.label(), budget);
}

graph::SourcePtr make_codes_source(std::shared_ptr<const QuantizedTensor> tensor, Shape shape, std::string label) {
  return std::make_shared<CodesSource>(std::move(tensor), std::move(shape), std::move(label));
}

graph::SourcePtr make_rounded_source(graph::SourcePtr source, DType dtype) {
  return std::make_shared<RoundedSource>(std::move(source), dtype);
}

}  // namespace kerf::quant
