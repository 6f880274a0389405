#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

bool is_weight(const Constant* constant) {
  return constant != nullptr && constant->dtype() == DType::kF32 && constant->shape().size() == 2;
}

/// What is multiplied by a weight: what the model computes, or what it has learned (positions that layers project).
bool is_activation(const Constant* constant) {
  return constant == nullptr || (constant->dtype() == DType::kF32 && !constant->initializers().empty());
}

ValueIndex turned(Emitter& emitter, ValueIndex matrix) {
  return emitter.node("Transpose", {matrix}, {{"perm", std::vector<std::int64_t>{1, 0}}});
}

ValueIndex scaled(Emitter& emitter, ValueIndex value, double factor) {
  return factor == 1.0 ? value : emitter.node("Mul", {value, emitter.scalar(static_cast<float>(factor))});
}

/// x W, W [in, out] a constant: a Linear of its transpose.
std::vector<ValueIndex> lower_matmul(Emitter& emitter, const Call& call) {
  const ValueIndex x = call.input(0), weight = call.input(1);
  if (x == kAbsent || weight == kAbsent) emitter.fail("found an input missing, expected 2");
  if (!is_activation(emitter.constant(x)) || !is_weight(emitter.constant(weight))) {
    return {emitter.node("MatMul", {x, weight})};
  }
  return {emitter.node("Linear", {x, turned(emitter, weight)}, {}, graph::kKerfDomain)};
}

std::vector<ValueIndex> lower_gemm(Emitter& emitter, const Call& call) {
  ValueIndex a = call.input(0), b = call.input(1);
  if (a == kAbsent || b == kAbsent) emitter.fail("found an input missing, expected 2 or 3");
  const double alpha = call.attributes.float_or("alpha", 1), beta = call.attributes.float_or("beta", 1);
  const bool turn_b = call.attributes.int_or("transB", 0) != 0;
  const bool linear = is_activation(emitter.constant(a)) && is_weight(emitter.constant(b));
  if (call.attributes.int_or("transA", 0) != 0) a = turned(emitter, a);
  // A Linear wants [out, in], MatMul [in, out].
  if (turn_b != linear) b = turned(emitter, b);
  ValueIndex bias = call.input(2);
  if (bias != kAbsent) bias = scaled(emitter, bias, beta);
  const Constant* known = bias == kAbsent ? nullptr : emitter.constant(bias);
  const bool bias_inside = linear && alpha == 1 && known != nullptr && known->shape().size() == 1 &&
                           known->shape().front() == emitter.constant(b)->shape().front();
  std::vector<ValueIndex> inputs{a, b};
  if (bias_inside) inputs.push_back(bias);
  ValueIndex y = linear ? emitter.node("Linear", inputs, {}, graph::kKerfDomain) : emitter.node("MatMul", inputs);
  y = scaled(emitter, y, alpha);
  return {bias == kAbsent || bias_inside ? y : emitter.node("Add", {y, bias})};
}

}  // namespace

const LoweringInfo& matmul_lowering() {
  static const LoweringInfo info{"MatMul", "", "Linear where the second matrix is a constant", lower_matmul};
  return info;
}

const LoweringInfo& gemm_lowering() {
  static const LoweringInfo info{"Gemm", "", "Linear where the second matrix is a constant, else MatMul", lower_gemm};
  return info;
}

}  // namespace kerf::formats::onnx
