#include <span>

#include "ops/arithmetic.h"
#include "ops/ops.h"
#include "ops/variadic.h"

namespace kerf::ops {

const OpInfo& mean_op() {
  static const OpInfo info{.name = "Mean",
                           .domain = "",
                           .summary = "the mean of the inputs, with numpy's broadcasting",
                           .source = "https://onnx.ai/onnx/operators/onnx__Mean.html",
                           .rowwise = true,
                           .infer = infer_variadic,
                           .run = [](KernelContext& context) {
                             const Tensor sum = join_inputs(context, [](auto a, auto b) { return add(a, b); });
                             const auto count = static_cast<std::int64_t>(context.input_count());
                             context.output(0) = with_number_type(sum.dtype(), [&](auto zero) {
                               using T = decltype(zero);
                               const T n = static_cast<T>(count);
                               return apply_broadcast<T>(sum, Tensor::from<T>({}, std::span(&n, 1)),
                                                         [](T a, T b) { return divide(a, b); });
                             });
                           }};
  return info;
}

}  // namespace kerf::ops
