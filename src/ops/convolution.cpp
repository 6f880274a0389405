#include "ops/convolution.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/checked.h"
#include "core/threads.h"
#include "ops/linalg.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

Shape with_batch(std::int64_t batch, std::int64_t channels, const Shape& extents) {
  Shape shape = {batch, channels};
  shape.insert(shape.end(), extents.begin(), extents.end());
  return shape;
}

/// The elements that a tile of windows sees in some channels: [channels * taps, count].
void gather(const float* channels, std::int64_t channel_count, std::int64_t channel_size,
            const std::vector<std::int64_t>& sources, float* columns) {
  for (std::int64_t c = 0; c < channel_count; ++c) {
    const float* from = channels + c * channel_size;
    float* to = columns + c * std::ssize(sources);
    for (std::size_t i = 0; i < sources.size(); ++i) to[i] = sources[i] < 0 ? 0.0F : from[sources[i]];
  }
}

void scatter(const float* columns, std::int64_t channel_count, std::int64_t channel_size,
             const std::vector<std::int64_t>& sources, float* channels) {
  for (std::int64_t c = 0; c < channel_count; ++c) {
    const float* from = columns + c * std::ssize(sources);
    float* to = channels + c * channel_size;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      if (sources[i] >= 0) to[sources[i]] += from[i];
    }
  }
}

}  // namespace

Shape Convolution::wide_shape() const { return with_batch(batch, groups * wide_channels, window.in); }
Shape Convolution::narrow_shape() const { return with_batch(batch, groups * narrow_channels, window.out); }

void Convolution::forward(const float* wide, const float* weights, float* narrow) const {
  const std::int64_t places = window.places(), size = numel(window.in), k = depth(), tile = SlidingWindow::tile(k);
  if (places == 0 || k == 0) return;
  const std::int64_t tiles = div_up(places, tile);
  parallel_for(batch * tiles, [&](std::int64_t piece) {
    const std::int64_t n = piece / tiles, first = piece % tiles * tile, count = std::min(tile, places - first);
    const auto sources = window.sources(first, count);
    std::vector<float> columns(static_cast<std::size_t>(k * count));
    for (std::int64_t g = 0; g < groups; ++g) {
      gather(wide + (n * groups + g) * wide_channels * size, wide_channels, size, sources, columns.data());
      float* to = narrow + (n * groups + g) * narrow_channels * places + first;
      linalg::gemm(false, false, narrow_channels, count, k, 1.0F, weights + g * narrow_channels * k, k, columns.data(),
                   count, 1.0F, to, places);
    }
  });
}

void Convolution::transposed(const float* narrow, const float* weights, float* wide) const {
  const std::int64_t places = window.places(), size = numel(window.in), k = depth(), tile = SlidingWindow::tile(k);
  if (places == 0 || k == 0) return;
  parallel_for(batch * groups, [&](std::int64_t piece) {
    const std::int64_t g = piece % groups;
    std::vector<float> columns(static_cast<std::size_t>(k * std::min(tile, places)));
    for (std::int64_t first = 0; first < places; first += tile) {
      const std::int64_t count = std::min(tile, places - first);
      linalg::gemm(true, false, k, count, narrow_channels, 1.0F, weights + g * narrow_channels * k, k,
                   narrow + piece * narrow_channels * places + first, places, 0.0F, columns.data(), count);
      scatter(columns.data(), wide_channels, size, window.sources(first, count), wide + piece * wide_channels * size);
    }
  });
}

void Convolution::by_weights(const float* wide, const float* by_narrow, float* by_weights) const {
  const std::int64_t places = window.places(), size = numel(window.in), k = depth(), tile = SlidingWindow::tile(k);
  if (places == 0 || k == 0) return;
  parallel_for(groups, [&](std::int64_t g) {
    std::vector<float> columns(static_cast<std::size_t>(k * std::min(tile, places)));
    for (std::int64_t n = 0; n < batch; ++n) {
      for (std::int64_t first = 0; first < places; first += tile) {
        const std::int64_t count = std::min(tile, places - first);
        gather(wide + (n * groups + g) * wide_channels * size, wide_channels, size, window.sources(first, count),
               columns.data());
        linalg::gemm(false, true, narrow_channels, k, count, 1.0F,
                     by_narrow + (n * groups + g) * narrow_channels * places + first, places, columns.data(), count,
                     1.0F, by_weights + g * narrow_channels * k, k);
      }
    }
  });
}

void add_channel_bias(Tensor& y, const Tensor& bias) {
  const std::int64_t channels = bias.size(),
                     size = channels == 0 ? 0 : y.size() / (y.dim(0) * channels + (y.dim(0) == 0));
  for (std::int64_t row = 0; size > 0 && row < y.size() / size; ++row) {
    float* to = y.data<float>() + row * size;
    const float added = bias.data<float>()[row % channels];
    for (std::int64_t i = 0; i < size; ++i) to[i] += added;
  }
}

Tensor sum_by_channel(const Tensor& y) {
  const std::int64_t channels = y.dim(1), rows = y.dim(0) * channels, size = rows == 0 ? 0 : y.size() / rows;
  std::vector<double> sums(static_cast<std::size_t>(channels), 0.0);
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* from = y.data<float>() + row * size;
    for (std::int64_t i = 0; i < size; ++i)
      sums[static_cast<std::size_t>(row % channels)] += static_cast<double>(from[i]);
  }
  Tensor result(DType::kF32, {channels});
  std::copy(sums.begin(), sums.end(), result.data<float>());
  return result;
}

void expect_quick_if_known(const TensorSpec& x, const TensorSpec& weight, const Convolution& convolution) {
  if (!x.known.defined() || !weight.known.defined()) return;
  const auto count = checked_numel(convolution.narrow_shape()),
             depth = checked_mul(weight.shape[1], convolution.window.taps());
  const auto terms = count && depth ? checked_mul(*count, *depth) : std::nullopt;
  if (!terms || *terms > kMostKnownTerms) mismatch("found a convolution of constants with too many terms");
}

void run_convolution(KernelContext& context, const Convolution& convolution, ConvolutionInput input) {
  const float *const x = context.input(0).data<float>(), *const weight = context.input(1).data<float>();
  const bool wide = input == ConvolutionInput::kWide;
  Tensor y = Tensor::zeros(DType::kF32, wide ? convolution.narrow_shape() : convolution.wide_shape());
  if (context.has_input(2)) add_channel_bias(y, context.input(2));
  wide ? convolution.forward(x, weight, y.data<float>()) : convolution.transposed(x, weight, y.data<float>());
  context.output(0) = std::move(y);
}

void differentiate_convolution(DerivativeContext& context, const Convolution& convolution, ConvolutionInput input) {
  const Tensor &x = context.input(0), &weight = context.input(1), &by_output = context.by_output(0);
  const float* const by = by_output.data<float>();
  const bool wide = input == ConvolutionInput::kWide;
  if (context.wants(0)) {
    Tensor by_x = Tensor::zeros(DType::kF32, x.shape());
    wide ? convolution.transposed(by, weight.data<float>(), by_x.data<float>())
         : convolution.forward(by, weight.data<float>(), by_x.data<float>());
    context.give(0, std::move(by_x));
  }
  if (context.wants(1)) {
    Tensor by_weight = Tensor::zeros(DType::kF32, weight.shape());
    convolution.by_weights(wide ? x.data<float>() : by, wide ? by : x.data<float>(), by_weight.data<float>());
    context.give(1, std::move(by_weight));
  }
  if (context.wants(2)) context.give(2, sum_by_channel(by_output));
}

}  // namespace kerf::ops
