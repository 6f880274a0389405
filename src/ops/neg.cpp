#include <type_traits>

#include "ops/arithmetic.h"
#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {

const OpInfo& neg_op() {
  static const OpInfo info{
      .name = "Neg",
      .domain = "",
      .summary = "-x",
      .source = "https://onnx.ai/onnx/operators/onnx__Neg.html",
      .rowwise = true,
      .infer = infer_typed_map,
      .run =
          [](KernelContext& context) {
            run_typed_map(context, [](auto x) {
              if constexpr (std::is_floating_point_v<decltype(x)>) return -x;
              return subtract<decltype(x)>(0, x);
            });
          },
      .differentiate =
          [](DerivativeContext& context) { differentiate_map(context, [](float, float) { return -1.0F; }); }};
  return info;
}

}  // namespace kerf::ops
