#include <cmath>
#include <type_traits>

#include <fmt/format.h>

#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  const auto result = infer_binary(node, inputs);
  if (result.front().dtype == DType::kF32 && node.attributes.int_or("fmod", 0) == 0) {
    mismatch("attribute fmod: found 0 for floats, expected 1");
  }
  return result;
}

/// The sign of the divisor, or with fmod that of the dividend; what is divided by 0 leaves 0.
template <typename T>
T remainder(T a, T b, bool of_dividend) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(a, b);
  } else {
    if (b == 0 || b == -1) return 0;
    const T rest = static_cast<T>(a % b);
    return !of_dividend && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
}

void run(KernelContext& context) {
  const bool of_dividend = context.attributes().int_or("fmod", 0) != 0;
  run_binary(context, [=](auto a, auto b) { return remainder(a, b, of_dividend); });
}

}  // namespace

const OpInfo& mod_op() {
  static const OpInfo info{.name = "Mod",
                           .domain = "",
                           .summary = "remainder of a division, with numpy's broadcasting",
                           .source = "https://onnx.ai/onnx/operators/onnx__Mod.html",
                           .rowwise = true,
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
