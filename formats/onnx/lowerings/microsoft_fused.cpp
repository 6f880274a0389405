#include <cmath>

#include <fmt/format.h>

#include "formats/onnx/dtypes.h"
#include "formats/onnx/lowering.h"
#include "formats/onnx/lowerings/attention_parts.h"

namespace kerf::formats::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

void expect_inputs(const Emitter& emitter, const Call& call, std::initializer_list<std::size_t> required) {
  for (const std::size_t i : required) {
    if (call.input(i) == kAbsent) emitter.fail(fmt::format("input {} is missing", i));
  }
}

ValueIndex plus(Emitter& emitter, ValueIndex x, ValueIndex y) { return y == kAbsent ? x : emitter.node("Add", {x, y}); }

graph::Attributes norm_attributes(const Call& call, double epsilon) {
  return {{"axis", std::int64_t{-1}}, {"epsilon", call.attributes.float_or("epsilon", epsilon)}};
}

/// gelu(x + bias)
std::vector<ValueIndex> lower_gelu(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, {0});
  return {emitter.node("Gelu", {plus(emitter, call.input(0), call.input(1))})};
}

std::vector<ValueIndex> lower_fast_gelu(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, {0});
  return {emitter.node("Gelu", {plus(emitter, call.input(0), call.input(1))}, {{"approximate", std::string("tanh")}})};
}

std::vector<ValueIndex> lower_quick_gelu(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, {0});
  const auto alpha = static_cast<float>(call.attributes.float_or("alpha", 1.702));
  ValueIndex scaled = call.input(0);
  if (alpha != 1.0F) scaled = emitter.node("Mul", {scaled, emitter.scalar(alpha)});
  return {emitter.node("Mul", {call.input(0), emitter.node("Sigmoid", {scaled})})};
}

std::vector<ValueIndex> lower_bias_add(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, {0, 1});
  return {plus(emitter, plus(emitter, call.input(0), call.input(1)), call.input(2))};
}

std::vector<ValueIndex> lower_rms(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, {0, 1});
  return {emitter.node("RMSNormalization", {call.input(0), call.input(1)}, norm_attributes(call, 1e-5))};
}

/// input + skip (+ bias), and its norm; outputs 1 and 2 serve training, output 3 is the sum.
std::vector<ValueIndex> lower_skip_norm(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, {0, 1, 2});
  const ValueIndex sum = plus(emitter, emitter.node("Add", {call.input(0), call.input(1)}), call.input(4));
  std::vector<ValueIndex> inputs = {sum, call.input(2)};
  if (call.input(3) != kAbsent) inputs.push_back(call.input(3));
  return {emitter.node("LayerNormalization", inputs, norm_attributes(call, 1e-12)), kAbsent, kAbsent, sum};
}

std::vector<ValueIndex> lower_skip_rms(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, {0, 1, 2});
  const ValueIndex sum = plus(emitter, emitter.node("Add", {call.input(0), call.input(1)}), call.input(3));
  return {emitter.node("RMSNormalization", {sum, call.input(2)}, norm_attributes(call, 1e-5)), kAbsent, kAbsent, sum};
}

/// Words, positions and types looked up, summed and normalized; output 1 counts the tokens that the mask keeps.
std::vector<ValueIndex> lower_embed_norm(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, {0, 2, 3, 5, 6});
  const ValueIndex ids = call.input(0);
  ValueIndex sum = emitter.node("Gather", {call.input(2), ids});
  const ValueIndex positions = call.input(8) != kAbsent ? call.input(8) : positions_of(emitter, ids, kAbsent);
  sum = emitter.node("Add", {sum, emitter.node("Gather", {call.input(3), positions})});
  if (call.input(1) != kAbsent && call.input(4) != kAbsent) {
    sum = emitter.node("Add", {sum, emitter.node("Gather", {call.input(4), call.input(1)})});
  }
  const ValueIndex y =
      emitter.node("LayerNormalization", {sum, call.input(5), call.input(6)}, norm_attributes(call, 1e-12));
  ValueIndex count = kAbsent;
  if (call.input(7) != kAbsent && call.output_count > 1) {
    const ValueIndex mask = as_mask(emitter, call.input(7));
    count = emitter.node("ReduceSum", {mask, emitter.integers({1})}, {{"keepdims", std::int64_t{0}}});
    count = emitter.node("Cast", {count}, {{"to", data_type_of(DType::kI32)}});
  }
  return {y, count, sum};
}

ValueIndex last_turned(Emitter& emitter, ValueIndex x) {
  const auto rank = emitter.rank(x);
  if (!rank || *rank < 2) emitter.fail("found an operand to be transposed of unknown shape");
  Ints order;
  for (std::size_t i = 0; i < *rank; ++i) order.push_back(static_cast<std::int64_t>(i));
  std::swap(order[*rank - 1], order[*rank - 2]);
  return emitter.node("Transpose", {x}, {{"perm", order}});
}

/// alpha op(A) op(B)
std::vector<ValueIndex> lower_fused_matmul(Emitter& emitter, const Call& call) {
  expect_inputs(emitter, call, {0, 1});
  if (call.attributes.int_or("transBatchA", 0) != 0 || call.attributes.int_or("transBatchB", 0) != 0) {
    emitter.fail("found attributes transBatchA or transBatchB, which kerf does not have");
  }
  Call product{.op = "MatMul", .domain = "", .inputs = call.inputs};
  const auto turn = [&](std::size_t i, const char* attribute) {
    if (call.attributes.int_or(attribute, 0) != 0) product.inputs[i] = last_turned(emitter, call.input(i));
  };
  turn(0, "transA");
  turn(1, "transB");
  const ValueIndex y = find_lowering("", "MatMul")->lower(emitter, product).front();
  const double alpha = call.attributes.float_or("alpha", 1);
  return {alpha == 1 ? y : emitter.node("Mul", {y, emitter.scalar(static_cast<float>(alpha))})};
}

/// Gemm, then an activation by its name, with its parameters as activation_alpha and so on.
std::vector<ValueIndex> lower_fused_gemm(Emitter& emitter, const Call& call) {
  const ValueIndex y = find_lowering("", "Gemm")->lower(emitter, call).front();
  graph::Attributes attributes;
  for (const char* name : {"alpha", "beta", "gamma"}) {
    const std::string given = fmt::format("activation_{}", name);
    if (call.attributes.has(given)) attributes.set(name, call.attributes.float_or(given, 0));
  }
  return {emitter.node(call.attributes.string_or("activation", ""), {y}, attributes)};
}

}  // namespace

const LoweringInfo& microsoft_gelu_lowering() {
  static const LoweringInfo info{"Gelu", kMicrosoftDomain, "Gelu", lower_gelu};
  return info;
}

const LoweringInfo& bias_gelu_lowering() {
  static const LoweringInfo info{"BiasGelu", kMicrosoftDomain, "Add, Gelu", lower_gelu};
  return info;
}

const LoweringInfo& fast_gelu_lowering() {
  static const LoweringInfo info{"FastGelu", kMicrosoftDomain, "Add, Gelu by tanh", lower_fast_gelu};
  return info;
}

const LoweringInfo& quick_gelu_lowering() {
  static const LoweringInfo info{"QuickGelu", kMicrosoftDomain, "x sigmoid(alpha x)", lower_quick_gelu};
  return info;
}

const LoweringInfo& bias_add_lowering() {
  static const LoweringInfo info{"BiasAdd", kMicrosoftDomain, "Add", lower_bias_add};
  return info;
}

// ONNX Runtime has it in both domains.
const LoweringInfo& simplified_layer_normalization_lowering() {
  static const LoweringInfo info{"SimplifiedLayerNormalization", "", "RMSNormalization", lower_rms};
  return info;
}

const LoweringInfo& microsoft_simplified_layer_normalization_lowering() {
  static const LoweringInfo info{"SimplifiedLayerNormalization", kMicrosoftDomain, "RMSNormalization", lower_rms};
  return info;
}

const LoweringInfo& skip_layer_normalization_lowering() {
  static const LoweringInfo info{"SkipLayerNormalization", kMicrosoftDomain, "Add, LayerNormalization",
                                 lower_skip_norm};
  return info;
}

const LoweringInfo& skip_simplified_layer_normalization_lowering() {
  static const LoweringInfo info{"SkipSimplifiedLayerNormalization", kMicrosoftDomain, "Add, RMSNormalization",
                                 lower_skip_rms};
  return info;
}

const LoweringInfo& embed_layer_normalization_lowering() {
  static const LoweringInfo info{"EmbedLayerNormalization", kMicrosoftDomain, "Gather, Add, LayerNormalization",
                                 lower_embed_norm};
  return info;
}

const LoweringInfo& fused_matmul_lowering() {
  static const LoweringInfo info{"FusedMatMul", kMicrosoftDomain, "MatMul or Linear", lower_fused_matmul};
  return info;
}

const LoweringInfo& fused_gemm_lowering() {
  static const LoweringInfo info{"FusedGemm", kMicrosoftDomain, "Gemm and an activation", lower_fused_gemm};
  return info;
}

}  // namespace kerf::formats::onnx
