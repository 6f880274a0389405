#include <algorithm>
#include <cmath>

#include "ops/axis_view.h"
#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "input", {DType::kF32});
  normalized_axis(node.attributes.int_or("axis", -1), x.shape.size());
  return {{DType::kF32, x.shape}};
}

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  Tensor y(DType::kF32, x.shape());
  const AxisView view(x.shape(), normalized_axis(context.attributes().int_or("axis", -1), x.rank()));
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(view.extent, 1));
  for_ranges(x.size() == 0 ? 0 : view.lines(), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t line = begin; line < end; ++line) {
      const float* from = x.data<float>() + view.start(line);
      float* to = y.data<float>() + view.start(line);
      float peak = from[0];
      for (std::int64_t i = 1; i < view.extent; ++i) peak = std::max(peak, from[i * view.inner]);
      double sum = 0;
      for (std::int64_t i = 0; i < view.extent; ++i)
        sum += std::exp(static_cast<double>(from[i * view.inner]) - static_cast<double>(peak));
      const double norm = static_cast<double>(peak) + std::log(sum);
      for (std::int64_t i = 0; i < view.extent; ++i) {
        to[i * view.inner] = static_cast<float>(static_cast<double>(from[i * view.inner]) - norm);
      }
    }
  });
  context.output(0) = std::move(y);
}

}  // namespace

const OpInfo& log_softmax_op() {
  static const OpInfo info{.name = "LogSoftmax",
                           .domain = "",
                           .summary = "logarithm of Softmax along an axis",
                           .source = "https://onnx.ai/onnx/operators/onnx__LogSoftmax.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
