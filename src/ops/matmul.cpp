#include <algorithm>
#include <map>
#include <span>
#include <utility>
#include <vector>

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

/// The products whose operand begins at each place, in their order: with broadcast axes several share one.
std::map<std::int64_t, std::vector<std::int64_t>> products_by_operand(const MatrixProduct& product, bool second) {
  std::map<std::int64_t, std::vector<std::int64_t>> products;
  const std::int64_t count = product.batch.rows() * product.batch.axes.back().extent;
  for (std::int64_t p = 0; p < count; ++p) {
    const auto [a, b] = product.offsets(p);
    products[second ? b : a].push_back(p);
  }
  return products;
}

/// By A: the outputs' times B^T; by B: A^T times the outputs'; summed over the products that share an operand.
Tensor by_operand(DerivativeContext& context, bool second) {
  const Tensor &a = context.input(0), &b = context.input(1), &by_output = context.by_output(0);
  const MatrixProduct product(a.shape(), b.shape());
  const std::int64_t rows = product.rows, inner = product.inner, cols = product.cols;
  Tensor result = Tensor::zeros(DType::kF32, (second ? b : a).shape());
  if (by_output.size() == 0 || inner == 0) return result;
  const auto all = products_by_operand(product, second);
  const std::vector<std::pair<std::int64_t, std::vector<std::int64_t>>> groups(all.begin(), all.end());
  parallel_for(std::ssize(groups), [&](std::int64_t g) {
    const auto& [place, products] = groups[static_cast<std::size_t>(g)];
    for (const std::int64_t p : products) {
      const auto [from_a, from_b] = product.offsets(p);
      const float* by = by_output.data<float>() + p * rows * cols;
      float* to = result.data<float>() + place;
      if (second) {
        linalg::gemm(true, false, inner, cols, rows, 1.0F, a.data<float>() + from_a, inner, by, cols, 1.0F, to, cols);
      } else {
        linalg::gemm(false, true, rows, inner, cols, 1.0F, by, cols, b.data<float>() + from_b, cols, 1.0F, to, inner);
      }
    }
  });
  return result;
}

void differentiate(DerivativeContext& context) {
  if (context.wants(0)) context.give(0, by_operand(context, false));
  if (context.wants(1)) context.give(1, by_operand(context, true));
}

}  // namespace

const OpInfo& matmul_op() {
  static const OpInfo info{.name = "MatMul",
                           .domain = "",
                           .summary = "matrix products, as numpy's matmul",
                           .source = "https://onnx.ai/onnx/operators/onnx__MatMul.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
