#include <span>

#include <fmt/format.h>

#include "ops/arithmetic.h"
#include "ops/elements.h"
#include "ops/elementwise.h"
#include "ops/matrix_product.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

/// One zero point for all, or one for each row of A or column of B.
void check_zero_points(Specs inputs, std::size_t index, std::int64_t lines) {
  if (!has_input(inputs, index)) return;
  const TensorSpec& zero = expect_input(inputs, index, "zero_point", {inputs[index - 2]->dtype});
  const std::int64_t count = numel(zero.shape);
  if (count != 1 && count != lines) {
    mismatch(fmt::format("found zero points of shape {}, expected 1 or {}", to_string(zero.shape), lines));
  }
}

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 2, 4);
  const TensorSpec& a = expect_input(inputs, 0, "A", {DType::kI8, DType::kU8});
  const TensorSpec& b = expect_input(inputs, 1, "B", {DType::kI8, DType::kU8});
  const MatrixProduct product(a.shape, b.shape);
  check_zero_points(inputs, 2, product.rows);
  check_zero_points(inputs, 3, product.cols);
  return {{DType::kI32, product.result}};
}

std::int32_t element(const Tensor& tensor, std::int64_t i) {
  return tensor.dtype() == DType::kI8 ? elements<std::int8_t>(tensor)[i] : elements<std::uint8_t>(tensor)[i];
}

std::int32_t zero_of(const KernelContext& context, std::size_t index, std::int64_t line) {
  if (!context.has_input(index)) return 0;
  const Tensor& zero = context.input(index);
  return element(zero, zero.size() == 1 ? 0 : line);
}

void run(KernelContext& context) {
  const Tensor &a = context.input(0), &b = context.input(1);
  const MatrixProduct product(a.shape(), b.shape());
  Tensor c(DType::kI32, product.result);
  const std::int64_t per_matrix = product.rows * product.cols;
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(product.inner, 1));
  for_ranges(c.size(), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const auto [from_a, from_b] = product.offsets(at / per_matrix);
      const std::int64_t row = at % per_matrix / product.cols, col = at % product.cols;
      const std::int32_t zero_a = zero_of(context, 2, row), zero_b = zero_of(context, 3, col);
      std::int32_t sum = 0;
      for (std::int64_t k = 0; k < product.inner; ++k) {
        const std::int32_t x = element(a, from_a + row * product.inner + k) - zero_a;
        const std::int32_t y = element(b, from_b + k * product.cols + col) - zero_b;
        sum = add(sum, x * y);
      }
      c.data<std::int32_t>()[at] = sum;
    }
  });
  context.output(0) = std::move(c);
}

}  // namespace

const OpInfo& matmul_integer_op() {
  static const OpInfo info{.name = "MatMulInteger",
                           .domain = "",
                           .summary = "products of matrices of 8 bits, in 32",
                           .source = "https://onnx.ai/onnx/operators/onnx__MatMulInteger.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
