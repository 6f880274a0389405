#pragma once

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "ops/arithmetic.h"
#include "ops/elements.h"
#include "ops/op.h"
#include "ops/shape_rules.h"

namespace kerf::ops {

/// Attribute reduction of the Scatter operators: "none", "add", "mul", "max", "min"; of truth values "none" alone.
inline void check_scatter_reduction(const graph::Node& node, DType dtype) {
  const std::string reduction = node.attributes.string_or("reduction", "none");
  const bool known =
      reduction == "none" || reduction == "add" || reduction == "mul" || reduction == "max" || reduction == "min";
  if (!known || (reduction != "none" && dtype == DType::kBool)) {
    mismatch(fmt::format("attribute reduction: found '{}' for {}", reduction.substr(0, 16), dtype_name(dtype)));
  }
}

/// What an element becomes when `update` is scattered onto it.
template <typename T>
T scattered(const std::string& reduction, T element, T update) {
  if (reduction == "add") return add(element, update);
  if (reduction == "mul") return multiply(element, update);
  if (reduction == "max") return std::max(element, update);
  if (reduction == "min") return std::min(element, update);
  return update;
}

}  // namespace kerf::ops
