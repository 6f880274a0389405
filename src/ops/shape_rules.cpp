#include "ops/shape_rules.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"

namespace kerf::ops {

std::string describe(const TensorSpec& spec) {
  return fmt::format("{} {}", dtype_name(spec.dtype), to_string(spec.shape));
}

void mismatch(std::string message) { throw_input("", "", std::move(message)); }

bool has_input(Specs inputs, std::size_t index) { return index < inputs.size() && inputs[index] != nullptr; }

void expect_input_count(Specs inputs, std::size_t required, std::size_t most) {
  if (inputs.size() > most) mismatch(fmt::format("found {} inputs, expected at most {}", inputs.size(), most));
  for (std::size_t i = 0; i < required; ++i) {
    if (!has_input(inputs, i)) mismatch(fmt::format("input {} is missing, expected {} inputs", i, required));
  }
}

const TensorSpec& expect_input(Specs inputs, std::size_t index, std::string_view name,
                               std::initializer_list<DType> dtypes) {
  if (!has_input(inputs, index)) mismatch(fmt::format("input {} is missing", name));
  const TensorSpec& spec = *inputs[index];
  if (std::find(dtypes.begin(), dtypes.end(), spec.dtype) == dtypes.end()) {
    std::vector<std::string_view> names;
    for (const DType dtype : dtypes) names.push_back(dtype_name(dtype));
    mismatch(fmt::format("input {}: found {}, expected {}", name, describe(spec), fmt::join(names, " or ")));
  }
  return spec;
}

void expect_rank(const TensorSpec& spec, std::string_view name, std::size_t rank) {
  if (spec.shape.size() == rank) return;
  mismatch(fmt::format("input {}: found shape {}, expected {} dimensions", name, to_string(spec.shape), rank));
}

void expect_shape(const TensorSpec& spec, std::string_view name, const Shape& shape) {
  if (spec.shape == shape) return;
  mismatch(fmt::format("input {}: found shape {}, expected {}", name, to_string(spec.shape), to_string(shape)));
}

void expect_one_output(const graph::Node& node) {
  if (node.outputs.size() != 1) mismatch(fmt::format("found {} outputs, expected 1", node.outputs.size()));
}

std::size_t normalized_axis(std::int64_t axis, std::size_t rank) {
  const auto limit = static_cast<std::int64_t>(rank);
  if (axis < -limit || axis >= limit) mismatch(fmt::format("found axis {} for {} dimensions", axis, rank));
  return static_cast<std::size_t>(axis < 0 ? axis + limit : axis);
}

std::vector<std::int64_t> integers_of(const Tensor& tensor) {
  if (tensor.dtype() == DType::kI64) {
    const auto values = tensor.values<std::int64_t>();
    return {values.begin(), values.end()};
  }
  if (tensor.dtype() == DType::kI8) {
    const auto values = tensor.values<std::int8_t>();
    return {values.begin(), values.end()};
  }
  if (tensor.dtype() == DType::kU8) {
    const auto values = tensor.values<std::uint8_t>();
    return {values.begin(), values.end()};
  }
  const auto values = tensor.values<std::int32_t>();
  return {values.begin(), values.end()};
}

std::optional<std::vector<std::int64_t>> known_integers(Specs inputs, std::size_t index, std::string_view name) {
  if (!has_input(inputs, index)) return std::nullopt;
  const TensorSpec& spec = expect_input(inputs, index, name, {DType::kI64, DType::kI32});
  if (!spec.known.defined()) {
    mismatch(fmt::format("input {}: its values depend on the data, expected values that follow from constants", name));
  }
  return integers_of(spec.known);
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 1; i <= result.size(); ++i) {
    const std::int64_t from_a = i <= a.size() ? a[a.size() - i] : 1;
    const std::int64_t from_b = i <= b.size() ? b[b.size() - i] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1) {
      mismatch(fmt::format("found shapes {} and {}, expected shapes that broadcast", to_string(a), to_string(b)));
    }
    result[result.size() - i] = from_a == 1 ? from_b : from_a;
  }
  return result;
}

}  // namespace kerf::ops
