#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "ops/einsum_equation.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/strided_copy.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  if (inputs.empty()) mismatch("found no inputs, expected at least 1");
  expect_input_count(inputs, inputs.size(), inputs.size());
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    shapes.push_back(expect_input(inputs, i, "input", {DType::kF32}).shape);
  const EinsumEquation equation(node.attributes.string_or("equation", ""), shapes);
  const bool known = std::all_of(inputs.begin(), inputs.end(), [](const TensorSpec* x) { return x->known.defined(); });
  constexpr std::int64_t kMostKnownTerms = std::int64_t{1} << 24;
  if (known && numel(equation.extents) > kMostKnownTerms)
    mismatch("found an equation of constants with too many terms");
  return {{DType::kF32, equation.result()}};
}

/// Strides of an operand by axis number: 0 along axes that it has not, or is repeated along; an axis that stands there
/// twice is walked along its diagonal.
std::vector<std::int64_t> strides_of(const EinsumEquation& equation, std::size_t operand, const Shape& shape) {
  const auto own = row_major_strides(shape);
  std::vector<std::int64_t> strides(equation.extents.size(), 0);
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) strides[equation.operands[operand][d]] += own[d];
  }
  return strides;
}

/// The place of element `index` of axes [first, last), row-major.
std::int64_t place_of(std::int64_t index, const EinsumEquation& equation, const std::vector<std::int64_t>& strides,
                      std::size_t first, std::size_t last) {
  std::int64_t place = 0;
  for (std::size_t a = last; a-- > first;) {
    place += index % equation.extents[a] * strides[a];
    index /= equation.extents[a];
  }
  return place;
}

/// By the definition, in f64: what attention is written with becomes MatMul where it is imported, and this is for the
/// rest.
void run(KernelContext& context) {
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < context.input_count(); ++i) shapes.push_back(context.input(i).shape());
  const EinsumEquation equation(context.attributes().string_or("equation", ""), shapes);
  std::vector<std::vector<std::int64_t>> strides;
  for (std::size_t i = 0; i < shapes.size(); ++i) strides.push_back(strides_of(equation, i, shapes[i]));
  const std::size_t rank = equation.result_rank, all = equation.extents.size();
  const std::int64_t terms = numel(std::span(equation.extents).subspan(rank));
  Tensor result(DType::kF32, equation.result());
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(terms, 1));
  for_ranges(result.size(), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      double sum = 0;
      for (std::int64_t t = 0; t < terms; ++t) {
        double product = 1;
        for (std::size_t i = 0; i < strides.size(); ++i) {
          const std::int64_t at =
              place_of(r, equation, strides[i], 0, rank) + place_of(t, equation, strides[i], rank, all);
          product *= static_cast<double>(context.input(i).data<float>()[at]);
        }
        sum += product;
      }
      result.data<float>()[r] = static_cast<float>(sum);
    }
  });
  context.output(0) = std::move(result);
}

}  // namespace

const OpInfo& einsum_op() {
  static const OpInfo info{.name = "Einsum",
                           .domain = "",
                           .summary = "sums of products along named axes",
                           .source = "https://onnx.ai/onnx/operators/onnx__Einsum.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
