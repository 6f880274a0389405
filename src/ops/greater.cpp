#include "ops/broadcast.h"
#include "ops/ops.h"

namespace kerf::ops {
namespace {

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  const auto sum = infer_binary(node, inputs);
  return {{DType::kBool, sum.front().shape}};
}

template <typename T>
Tensor compare(const Tensor& a, const Tensor& b) {
  // Truth in the inputs' type first: one loop for all broadcasts.
  const Tensor greater = apply_broadcast<T>(a, b, [](T x, T y) { return static_cast<T>(x > y ? 1 : 0); });
  Tensor result(DType::kBool, greater.shape());
  for (std::int64_t i = 0; i < greater.size(); ++i) {
    result.raw()[i] = static_cast<std::byte>(greater.data<T>()[i] != 0 ? 1 : 0);
  }
  return result;
}

void run(KernelContext& context) {
  const Tensor &a = context.input(0), &b = context.input(1);
  context.output(0) = a.dtype() == DType::kF32 ? compare<float>(a, b) : compare<std::int64_t>(a, b);
}

}  // namespace

const OpInfo& greater_op() {
  static const OpInfo info{.name = "Greater",
                           .domain = "",
                           .summary = "is A larger than B? With numpy's broadcasting",
                           .source = "https://onnx.ai/onnx/operators/onnx__Greater.html",
                           .rowwise = true,
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
