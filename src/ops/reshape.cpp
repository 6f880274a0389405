#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

/// ONNX's rule: 0 takes the input's dimension there (unless allowzero), one -1 takes what is left. nullopt if the
/// numbers of elements differ.
std::optional<Shape> reshaped(const Shape& from, const std::vector<std::int64_t>& wanted, bool allow_zero) {
  Shape shape = wanted;
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !allow_zero) {
      if (i >= from.size()) return std::nullopt;
      shape[i] = from[i];
    }
    if (shape[i] < -1 || (shape[i] == -1 && open)) return std::nullopt;
    if (shape[i] == -1) open = i;
  }
  if (open) shape[*open] = 1;
  const auto rest = checked_numel(shape);
  const std::int64_t elements = numel(from);
  if (!rest) return std::nullopt;
  if (open) {
    if (*rest == 0 || elements % *rest != 0) return std::nullopt;
    shape[*open] = elements / *rest;
    return shape;
  }
  return *rest == elements ? std::optional(shape) : std::nullopt;
}

bool allows_zero(const graph::Node& node) { return node.attributes.int_or("allowzero", 0) != 0; }

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 2);
  const TensorSpec& data = *inputs[0];
  const auto wanted = known_integers(inputs, 1, "shape").value();
  const auto shape = reshaped(data.shape, wanted, allows_zero(node));
  if (!shape) {
    mismatch(fmt::format("found the shape [{}] for {}, expected one of the same number of elements",
                         fmt::join(wanted, ", "), to_string(data.shape)));
  }
  return {{data.dtype, *shape}};
}

void run(KernelContext& context) {
  const Tensor& data = context.input(0);
  const auto shape = reshaped(data.shape(), integers_of(context.input(1)), allows_zero(context.node()));
  context.output(0) = data.reshaped(shape.value_or(data.shape()));
}

void differentiate(DerivativeContext& context) {
  if (context.wants(0)) context.give(0, context.by_output(0).reshaped(context.input(0).shape()));
}

}  // namespace

const OpInfo& reshape_op() {
  static const OpInfo info{.name = "Reshape",
                           .domain = "",
                           .summary = "the same elements under another shape",
                           .source = "https://onnx.ai/onnx/operators/onnx__Reshape.html",
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
