#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& bitwise_or_op() {
  static const OpInfo info{.name = "BitwiseOr",
                           .domain = "",
                           .summary = "bits that one of them has, with numpy's broadcasting",
                           .source = "https://onnx.ai/onnx/operators/onnx__BitwiseOr.html",
                           .rowwise = true,
                           .infer = infer_bitwise,
                           .run = [](KernelContext& context) {
                             const Tensor &a = context.input(0), &b = context.input(1);
                             context.output(0) = with_integer_type(a.dtype(), [&](auto zero) {
                               using T = decltype(zero);
                               return apply_broadcast<T>(a, b, [](T x, T y) { return static_cast<T>(x | y); });
                             });
                           }};
  return info;
}

}  // namespace kerf::ops
