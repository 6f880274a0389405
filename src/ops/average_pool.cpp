#include <utility>

#include "ops/ops.h"
#include "ops/pooling.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "X", {DType::kF32});
  return {{DType::kF32, pooled_shape(x, pooling_window(node, x.shape))}};
}

/// The taps of window `place` that lie in the data or the padding around it: with ceil_mode the last ones reach beyond.
std::int64_t padded_taps(const SlidingWindow& window, std::int64_t place) {
  std::int64_t result = 1;
  for (std::size_t axis = window.in.size(); axis-- > 0;) {
    const std::int64_t begin = place % window.out[axis] * window.strides[axis] - window.before[axis];
    const std::int64_t room = window.in[axis] + window.after[axis] - begin;
    result *= std::min(window.kernel[axis], div_up(std::max<std::int64_t>(room, 0), window.dilations[axis]));
    place /= window.out[axis];
  }
  return result;
}

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const SlidingWindow window = pooling_window(context.node(), x.shape());
  const bool with_padding = context.attributes().int_or("count_include_pad", 0) != 0;
  const std::int64_t size = numel(window.in), places = window.places(), taps = window.taps();
  Tensor y(DType::kF32, pooled_shape(x.shape(), window));
  for_window_tiles(x.shape(), window, [&](std::int64_t row, std::int64_t first, std::int64_t count, const auto& from) {
    const float* channel = x.data<float>() + row * size;
    for (std::int64_t p = 0; p < count; ++p) {
      double sum = 0;
      std::int64_t seen = 0;
      for (std::int64_t tap = 0; tap < taps; ++tap) {
        const std::int64_t source = from[static_cast<std::size_t>(tap * count + p)];
        if (source < 0) continue;
        sum += static_cast<double>(channel[source]);
        ++seen;
      }
      if (with_padding) seen = padded_taps(window, first + p);
      y.data<float>()[row * places + first + p] =
          seen == 0 ? 0.0F : static_cast<float>(sum / static_cast<double>(seen));
    }
  });
  context.output(0) = std::move(y);
}

}  // namespace

const OpInfo& average_pool_op() {
  static const OpInfo info{.name = "AveragePool",
                           .domain = "",
                           .summary = "the mean of each window",
                           .source = "https://onnx.ai/onnx/operators/onnx__AveragePool.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
