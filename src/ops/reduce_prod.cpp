#include "ops/ops.h"
#include "ops/reduction.h"

namespace kerf::ops {

const OpInfo& reduce_prod_op() {
  static const OpInfo info{.name = "ReduceProd",
                           .domain = "",
                           .summary = "products along axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__ReduceProd.html",
                           .infer = infer_sum,
                           .run = [](KernelContext& context) {
                             run_reduction(context, [](const auto* row, std::int64_t count) {
                               using T = std::remove_cvref_t<decltype(*row)>;
                               std::conditional_t<std::is_floating_point_v<T>, double, T> product = 1;
                               for (std::int64_t i = 0; i < count; ++i)
                                 product = multiply(product, static_cast<decltype(product)>(row[i]));
                               return product;
                             });
                           }};
  return info;
}

}  // namespace kerf::ops
