#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include <fmt/format.h>

#include "ops/elementwise.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

/// The numbers of ONNX's TensorProto.DataType that kerf computes with.
std::optional<DType> dtype_of(std::int64_t number) {
  switch (number) {
    case 1:
      return DType::kF32;
    case 2:
      return DType::kU8;
    case 3:
      return DType::kI8;
    case 6:
      return DType::kI32;
    case 7:
      return DType::kI64;
    case 9:
      return DType::kBool;
    case 11:
      return DType::kF64;
    default:
      return std::nullopt;
  }
}

constexpr std::initializer_list<DType> kDTypes = {DType::kF32, DType::kI32,  DType::kI64, DType::kI8,
                                                  DType::kU8,  DType::kBool, DType::kF64};

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 1);
  const TensorSpec& x = expect_input(inputs, 0, "input", kDTypes);
  const std::int64_t number = node.attributes.int_or("to", 0);
  const auto to = dtype_of(number);
  if (!to) {
    mismatch(
        fmt::format("attribute to: found the dtype number {}, expected 1 (f32), 2 (u8), 3 (i8), 6 (i32), "
                    "7 (i64), 9 (bool) or 11 (f64)",
                    number));
  }
  return {{*to, x.shape}};
}

/// A truth value takes one byte, 0 or 1.
struct Truth {
  std::uint8_t value;
};

/// Integers from floats: towards zero; what does not fit becomes the nearest limit, NaN 0.
template <typename To, typename From>
To converted(From x) {
  if constexpr (std::is_same_v<To, Truth>) {
    return Truth{static_cast<std::uint8_t>(x != From{0})};
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    // The limits as floats: the upper one rounds up, so what is below it fits.
    constexpr auto kLow = static_cast<From>(std::numeric_limits<To>::min());
    constexpr auto kHigh = static_cast<From>(std::numeric_limits<To>::max());
    if (std::isnan(x)) return 0;
    if (x <= kLow) return std::numeric_limits<To>::min();
    if (x >= kHigh) return std::numeric_limits<To>::max();
    return static_cast<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

template <typename From, typename To>
void convert(const Tensor& x, Tensor& y) {
  const auto* from = reinterpret_cast<const From*>(x.raw());
  auto* to = reinterpret_cast<To*>(y.raw());
  for_ranges(x.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = converted<To>(from[i]);
  });
}

template <typename From>
void convert_from(const Tensor& x, Tensor& y) {
  switch (y.dtype()) {
    case DType::kF32:
      return convert<From, float>(x, y);
    case DType::kI32:
      return convert<From, std::int32_t>(x, y);
    case DType::kI64:
      return convert<From, std::int64_t>(x, y);
    case DType::kI8:
      return convert<From, std::int8_t>(x, y);
    case DType::kU8:
      return convert<From, std::uint8_t>(x, y);
    case DType::kBool:
      return convert<From, Truth>(x, y);
    default:
      return convert<From, double>(x, y);
  }
}

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  Tensor y(dtype_of(context.attributes().int_or("to", 0)).value_or(DType::kF32), x.shape());
  switch (x.dtype()) {
    case DType::kF32:
      convert_from<float>(x, y);
      break;
    case DType::kI32:
      convert_from<std::int32_t>(x, y);
      break;
    case DType::kI64:
      convert_from<std::int64_t>(x, y);
      break;
    case DType::kI8:
      convert_from<std::int8_t>(x, y);
      break;
    case DType::kU8:
    case DType::kBool:
      convert_from<std::uint8_t>(x, y);
      break;
    default:
      convert_from<double>(x, y);
      break;
  }
  context.output(0) = std::move(y);
}

/// Of a cast to f32; the others are steps.
void differentiate(DerivativeContext& context) {
  if (!context.wants(0)) return;
  const bool smooth = context.output(0).dtype() == DType::kF32;
  context.give(0, smooth ? context.by_output(0) : Tensor::zeros(DType::kF32, context.input(0).shape()));
}

}  // namespace

const OpInfo& cast_op() {
  static const OpInfo info{.name = "Cast",
                           .domain = "",
                           .summary = "elements as another dtype",
                           .source = "https://onnx.ai/onnx/operators/onnx__Cast.html",
                           .rowwise = true,
                           .infer = infer,
                           .run = run,
                           .differentiate = differentiate};
  return info;
}

}  // namespace kerf::ops
