#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 1, 2);
  const TensorSpec& x = *inputs[0];
  if (x.shape.size() < 2) mismatch(fmt::format("found shape {}, expected matrices", to_string(x.shape)));
  if (has_input(inputs, 1)) {
    const TensorSpec& k = expect_input(inputs, 1, "k", {DType::kI64});
    if (numel(k.shape) != 1) mismatch(fmt::format("input k: found {}, expected one number", describe(k)));
  }
  return {{x.dtype, x.shape}};
}

/// Of each row the entries from diagonal k on (upper), or those up to it, stay.
void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const std::int64_t rows = x.dim(x.rank() - 2), cols = x.dim(x.rank() - 1);
  const bool upper = context.attributes().int_or("upper", 1) != 0;
  // Beyond the matrix it does not matter how far.
  const std::int64_t k =
      context.has_input(1) ? std::clamp(*context.input(1).data<std::int64_t>(), -rows - 1, cols + 1) : 0;
  Tensor y = Tensor::zeros(x.dtype(), x.shape());
  const auto item = static_cast<std::int64_t>(dtype_bytes(x.dtype()));
  for (std::int64_t r = 0; cols > 0 && r < x.size() / cols; ++r) {
    const std::int64_t diagonal = std::clamp<std::int64_t>(r % rows + k + (upper ? 0 : 1), 0, cols);
    const std::int64_t begin = upper ? diagonal : 0, end = upper ? cols : diagonal;
    if (begin < end) {
      std::memcpy(y.raw() + (r * cols + begin) * item, x.raw() + (r * cols + begin) * item,
                  static_cast<std::size_t>((end - begin) * item));
    }
  }
  context.output(0) = std::move(y);
}

}  // namespace

const OpInfo& trilu_op() {
  static const OpInfo info{.name = "Trilu",
                           .domain = "",
                           .summary = "the upper or lower triangle of matrices, 0 elsewhere",
                           .source = "https://onnx.ai/onnx/operators/onnx__Trilu.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
