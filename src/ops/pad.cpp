#include <algorithm>
#include <cstring>
#include <string>

#include <fmt/format.h>

#include "core/checked.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"
#include "ops/strided_copy.h"

namespace kerf::ops {
namespace {

enum class Mode { kConstant, kReflect, kEdge, kWrap };

Mode mode_of(const graph::Node& node) {
  const std::string mode = node.attributes.string_or("mode", "constant");
  if (mode == "constant") return Mode::kConstant;
  if (mode == "reflect") return Mode::kReflect;
  if (mode == "edge") return Mode::kEdge;
  if (mode == "wrap") return Mode::kWrap;
  mismatch(fmt::format("attribute mode: found '{}', expected constant, reflect, edge or wrap", mode.substr(0, 16)));
}

struct Pads {
  std::vector<std::int64_t> before, after;  ///< by axis; negative ones cut
};

Pads pads_of(const std::vector<std::int64_t>& pads, const std::vector<std::int64_t>* axes, std::size_t rank) {
  const std::size_t count = axes == nullptr ? rank : axes->size();
  if (pads.size() != 2 * count) mismatch(fmt::format("found {} pads for {} axes", pads.size(), count));
  Pads result{std::vector<std::int64_t>(rank, 0), std::vector<std::int64_t>(rank, 0)};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t axis = axes == nullptr ? i : normalized_axis((*axes)[i], rank);
    result.before[axis] = pads[i];
    result.after[axis] = pads[count + i];
  }
  return result;
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 2, 4);
  const TensorSpec& data = *inputs[0];
  const auto axes = known_integers(inputs, 3, "axes");
  const Pads pads = pads_of(known_integers(inputs, 1, "pads").value(), axes ? &*axes : nullptr, data.shape.size());
  if (has_input(inputs, 2)) {
    const TensorSpec& value = expect_input(inputs, 2, "constant_value", {data.dtype});
    if (numel(value.shape) != 1) mismatch(fmt::format("input constant_value: found {}", describe(value)));
  }
  const Mode mode = mode_of(node);
  Shape shape;
  for (std::size_t i = 0; i < data.shape.size(); ++i) {
    const auto with_before = checked_add(data.shape[i], pads.before[i]);
    const auto extent = with_before ? checked_add(*with_before, pads.after[i]) : std::nullopt;
    if (!extent || *extent < 0) mismatch(fmt::format("found pads that leave no extent at axis {}", i));
    const std::int64_t widest = std::max(pads.before[i], pads.after[i]);
    if (mode != Mode::kConstant && widest > 0 &&
        (data.shape[i] == 0 || (mode == Mode::kReflect && widest >= data.shape[i]))) {
      mismatch(fmt::format("found {} more at axis {}, which has {} to take them from", widest, i, data.shape[i]));
    }
    shape.push_back(*extent);
  }
  return {{data.dtype, shape}};
}

/// Where the entry `i` of an axis comes from; -1: from nowhere.
std::int64_t place_of(std::int64_t i, std::int64_t extent, Mode mode) {
  if (i >= 0 && i < extent) return i;
  switch (mode) {
    case Mode::kReflect:
      return i < 0 ? -i : 2 * (extent - 1) - i;
    case Mode::kEdge:
      return i < 0 ? 0 : extent - 1;
    case Mode::kWrap:
      return (i % extent + extent) % extent;
    case Mode::kConstant:
      break;
  }
  return -1;
}

void run(KernelContext& context) {
  const Tensor& data = context.input(0);
  const auto axes = context.has_input(3) ? integers_of(context.input(3)) : std::vector<std::int64_t>();
  const Pads pads = pads_of(integers_of(context.input(1)), context.has_input(3) ? &axes : nullptr, data.rank());
  const Mode mode = mode_of(context.node());
  Shape shape = data.shape();
  for (std::size_t i = 0; i < shape.size(); ++i) shape[i] += pads.before[i] + pads.after[i];
  Tensor result = Tensor::zeros(data.dtype(), shape);
  const std::size_t item = dtype_bytes(data.dtype());
  const auto own = row_major_strides(shape), from = row_major_strides(data.shape());
  for (std::int64_t at = 0; at < result.size(); ++at) {
    std::int64_t place = 0;
    for (std::size_t a = 0; a < shape.size() && place >= 0; ++a) {
      const std::int64_t along = place_of(at / own[a] % shape[a] - pads.before[a], data.dim(a), mode);
      place = along < 0 ? -1 : place + along * from[a];
    }
    std::byte* to = result.raw() + static_cast<std::size_t>(at) * item;
    if (place >= 0) {
      std::memcpy(to, data.raw() + static_cast<std::size_t>(place) * item, item);
    } else if (context.has_input(2)) {
      std::memcpy(to, context.input(2).raw(), item);
    }
  }
  context.output(0) = std::move(result);
}

}  // namespace

const OpInfo& pad_op() {
  static const OpInfo info{.name = "Pad",
                           .domain = "",
                           .summary = "entries added before and after each axis",
                           .source = "https://onnx.ai/onnx/operators/onnx__Pad.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
