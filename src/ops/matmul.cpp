#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/threads.h"
#include "ops/broadcast.h"
#include "ops/matrix_product.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& /*node*/, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  const TensorSpec& a = expect_input(inputs, 0, "A", {DType::kF32});
  const TensorSpec& b = expect_input(inputs, 1, "B", {DType::kF32});
  return {{DType::kF32, MatrixProduct(a.shape, b.shape).result}};
}

/// Rows of a product that are one piece of work: results depend on the cut, so it depends on nothing but the shapes.
constexpr std::int64_t kTileRows = 128;

void run(KernelContext& context) {
  const Tensor &a = context.input(0), &b = context.input(1);
  const MatrixProduct product(a.shape(), b.shape());
  Tensor c = Tensor::zeros(DType::kF32, product.result);
  if (c.size() > 0 && product.inner > 0) {
    const std::int64_t tiles = div_up(product.rows, kTileRows);
    parallel_for(product.batch.rows() * product.batch.axes.back().extent * tiles, [&](std::int64_t piece) {
      const auto [from_a, from_b] = product.offsets(piece / tiles);
      const std::int64_t first = piece % tiles * kTileRows, rows = std::min(kTileRows, product.rows - first);
      float* to = c.data<float>() + (piece / tiles * product.rows + first) * product.cols;
      linalg::gemm(false, false, rows, product.cols, product.inner, 1.0F,
                   a.data<float>() + from_a + first * product.inner, product.inner, b.data<float>() + from_b,
                   product.cols, 0.0F, to, product.cols);
    });
  }
  context.output(0) = std::move(c);
}

}  // namespace

const OpInfo& matmul_op() {
  static const OpInfo info{.name = "MatMul",
                           .domain = "",
                           .summary = "matrix products, as numpy's matmul",
                           .source = "https://onnx.ai/onnx/operators/onnx__MatMul.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
