// Operators on codes, as ONNX Runtime's static quantizer writes them (QOperator format): what they stand for, then
// codes again.

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "formats/onnx/dtypes.h"
#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

/// What codes, their scale and zero point (inputs i, i + 1, i + 2) stand for; the zero point may be absent.
ValueIndex floats(Emitter& emitter, const Call& call, std::size_t i, std::int64_t axis = 1) {
  if (call.input(i) == kAbsent || call.input(i + 1) == kAbsent) emitter.fail(fmt::format("input {} is missing", i));
  Call inside{.op = "DequantizeLinear", .domain = "", .inputs = {call.input(i), call.input(i + 1), call.input(i + 2)}};
  inside.attributes = {{"axis", axis}};
  return find_lowering("", "DequantizeLinear")->lower(emitter, inside).front();
}

/// Codes of the dtype of input `like`, by a scale and zero point (inputs i and i + 1).
ValueIndex codes(Emitter& emitter, const Call& call, ValueIndex y, std::size_t i, std::size_t like = 0) {
  if (call.input(i) == kAbsent) emitter.fail(fmt::format("input {} is missing", i));
  ValueIndex point = call.input(i + 1);
  if (point == kAbsent) {
    point = emitter.add_constant(Constant(Tensor::zeros(emitter.dtype(call.input(like)), {}), {}));
  }
  return emitter.node("QuantizeLinear", {y, call.input(i), point});
}

/// An operator of one version for all opsets: its own, or what it is lowered to.
ValueIndex plain(Emitter& emitter, const Call& call, const char* op, std::vector<ValueIndex> inputs,
                 std::initializer_list<const char*> dropped = {}) {
  Call inside{.op = op, .domain = "", .opset = kNewestOpset, .inputs = std::move(inputs)};
  for (const auto& [name, value] : call.attributes.entries()) {
    const bool drop = std::any_of(dropped.begin(), dropped.end(), [&](const char* other) { return name == other; });
    if (!drop) inside.attributes.set(name, value);
  }
  const LoweringInfo* lowering = find_lowering("", op);
  return lowering != nullptr ? lowering->lower(emitter, inside).front()
                             : emitter.node(op, inside.inputs, inside.attributes);
}

void expect_channels_first(const Emitter& emitter, const Call& call) {
  if (call.attributes.int_or("channels_last", 0) != 0) emitter.fail("found channels_last, expected channels first");
}

std::vector<ValueIndex> lower_binary(Emitter& emitter, const Call& call, const char* op) {
  const ValueIndex a = floats(emitter, call, 0), b = floats(emitter, call, 3);
  return {codes(emitter, call, emitter.node(op, {a, b}), 6)};
}

std::vector<ValueIndex> lower_add(Emitter& emitter, const Call& call) { return lower_binary(emitter, call, "Add"); }
std::vector<ValueIndex> lower_mul(Emitter& emitter, const Call& call) { return lower_binary(emitter, call, "Mul"); }

std::vector<ValueIndex> lower_sigmoid(Emitter& emitter, const Call& call) {
  return {codes(emitter, call, emitter.node("Sigmoid", {floats(emitter, call, 0)}), 3)};
}

std::vector<ValueIndex> lower_leaky_relu(Emitter& emitter, const Call& call) {
  return {codes(emitter, call, plain(emitter, call, "LeakyRelu", {floats(emitter, call, 0)}), 3)};
}

/// Attribute opset: before 13 all axes from `axis` on were one.
std::vector<ValueIndex> lower_softmax(Emitter& emitter, const Call& call) {
  constexpr std::int64_t kOneAxis = 13;
  const ValueIndex x = floats(emitter, call, 0);
  const std::int64_t axis = call.attributes.int_or("axis", -1);
  const auto rank = emitter.rank(x);
  const bool last = axis == -1 || (rank && axis + 1 == static_cast<std::int64_t>(*rank));
  if (!last && call.attributes.int_or("opset", kOneAxis) < kOneAxis) {
    emitter.fail("found a softmax over several axes, expected the last one");
  }
  return {codes(emitter, call, emitter.node("Softmax", {x}, {{"axis", last ? std::int64_t{-1} : axis}}), 3)};
}

std::vector<ValueIndex> lower_average_pool(Emitter& emitter, const Call& call) {
  expect_channels_first(emitter, call);
  return {codes(emitter, call, plain(emitter, call, "AveragePool", {floats(emitter, call, 0)}, {"channels_last"}), 3)};
}

std::vector<ValueIndex> lower_global_average_pool(Emitter& emitter, const Call& call) {
  expect_channels_first(emitter, call);
  return {codes(emitter, call, plain(emitter, call, "GlobalAveragePool", {floats(emitter, call, 0)}, {"channels_last"}),
                3)};
}

std::vector<ValueIndex> lower_reduce_mean(Emitter& emitter, const Call& call) {
  return {codes(emitter, call, plain(emitter, call, "ReduceMean", {floats(emitter, call, 0)}), 3)};
}

/// Scale and zero point of the result, then three inputs for each part.
std::vector<ValueIndex> lower_concat(Emitter& emitter, const Call& call) {
  std::vector<ValueIndex> parts;
  for (std::size_t i = 2; i < call.inputs.size(); i += 3) parts.push_back(floats(emitter, call, i));
  if (parts.empty()) emitter.fail("found no parts to join");
  return {codes(emitter, call, plain(emitter, call, "Concat", std::move(parts)), 0, 2)};
}

std::vector<ValueIndex> lower_where(Emitter& emitter, const Call& call) {
  const ValueIndex x = floats(emitter, call, 1), y = floats(emitter, call, 4);
  return {codes(emitter, call, emitter.node("Where", {call.input(0), x, y}), 7, 1)};
}

std::vector<ValueIndex> lower_matmul(Emitter& emitter, const Call& call) {
  const ValueIndex a = floats(emitter, call, 0, -2), b = floats(emitter, call, 3, -1);
  const ValueIndex y = plain(emitter, call, "MatMul", {a, b});
  if (call.input(6) == kAbsent || call.input(7) == kAbsent) emitter.fail("input 6 or 7 is missing");
  return {emitter.node("QuantizeLinear", {y, call.input(6), call.input(7)}, {{"axis", std::int64_t{-2}}})};
}

/// A vector of I32 by the scales of what was multiplied.
ValueIndex bias_of(Emitter& emitter, ValueIndex bias, ValueIndex scale_a, ValueIndex scale_b, double alpha) {
  const ValueIndex whole = emitter.node("Cast", {bias}, {{"to", data_type_of(DType::kF32)}});
  ValueIndex scale = emitter.node("Mul", {scale_a, scale_b});
  if (alpha != 1) scale = emitter.node("Mul", {scale, emitter.scalar(static_cast<float>(alpha))});
  return emitter.node("Mul", {whole, scale});
}

/// alpha A B + C; without a scale of the result that is left in floats.
std::vector<ValueIndex> lower_gemm(Emitter& emitter, const Call& call) {
  const bool turned = call.attributes.int_or("transB", 0) != 0;
  const ValueIndex a = floats(emitter, call, 0), b = floats(emitter, call, 3, turned ? 0 : 1);
  const double alpha = call.attributes.float_or("alpha", 1);
  std::vector<ValueIndex> inputs = {a, b};
  if (call.input(6) != kAbsent) {
    inputs.push_back(bias_of(emitter, call.input(6), call.input(1), call.input(4), alpha));
  }
  const ValueIndex y = plain(emitter, call, "Gemm", std::move(inputs));
  return {call.input(7) == kAbsent ? y : codes(emitter, call, y, 7)};
}

std::vector<ValueIndex> lower_conv(Emitter& emitter, const Call& call) {
  std::vector<ValueIndex> inputs = {floats(emitter, call, 0), floats(emitter, call, 3, 0)};
  if (call.input(8) != kAbsent) inputs.push_back(bias_of(emitter, call.input(8), call.input(1), call.input(4), 1));
  return {codes(emitter, call, plain(emitter, call, "Conv", std::move(inputs)), 6)};
}

/// Codes less their zero points, as floats: exact.
ValueIndex centred(Emitter& emitter, ValueIndex codes, ValueIndex point) {
  const graph::Attributes to = {{"to", data_type_of(DType::kF32)}};
  const ValueIndex whole = emitter.node("Cast", {codes}, to);
  return point == kAbsent ? whole : emitter.node("Sub", {whole, emitter.node("Cast", {point}, to)});
}

/// Sums of products of bytes are exact in f32 up to 2^24: those of 258 products at least, of thousands as they are.
std::vector<ValueIndex> lower_conv_integer(Emitter& emitter, const Call& call) {
  if (call.input(0) == kAbsent || call.input(1) == kAbsent) emitter.fail("found an input missing, expected 2 or more");
  ValueIndex point = call.input(3);
  if (point != kAbsent && emitter.rank(point).value_or(0) == 1 && emitter.rank(call.input(1))) {
    Ints behind;
    for (std::size_t i = 1; i < *emitter.rank(call.input(1)); ++i) behind.push_back(static_cast<std::int64_t>(i));
    point = emitter.node("Unsqueeze", {point, emitter.integers(behind)});
  }
  const ValueIndex x = centred(emitter, call.input(0), call.input(2)), w = centred(emitter, call.input(1), point);
  const ValueIndex y = plain(emitter, call, "Conv", {x, w});
  return {emitter.node("Cast", {y}, {{"to", data_type_of(DType::kI32)}})};
}

/// Words, positions and types looked up in tables of codes, summed and normalized: inputs 2 to 6 are codes, 8 to 12
/// their scales, 13 to 17 their zero points.
std::vector<ValueIndex> lower_embed_norm(Emitter& emitter, const Call& call) {
  Call inside{.op = "EmbedLayerNormalization", .domain = std::string(kMicrosoftDomain), .inputs = {}};
  inside.output_count = call.output_count;
  inside.attributes = call.attributes;
  inside.inputs = {call.input(0), call.input(1)};
  for (std::size_t i = 2; i < 7; ++i) {
    Call part{.op = "", .domain = "", .inputs = {call.input(i), call.input(i + 6), call.input(i + 11)}};
    inside.inputs.push_back(call.input(i) == kAbsent ? kAbsent : floats(emitter, part, 0));
  }
  inside.inputs.push_back(call.input(7));
  return find_lowering(kMicrosoftDomain, "EmbedLayerNormalization")->lower(emitter, inside);
}

constexpr std::string_view kSummary = "DequantizeLinear, the operator on floats, QuantizeLinear";

}  // namespace

const LoweringInfo& qlinear_add_lowering() {
  static const LoweringInfo info{"QLinearAdd", kMicrosoftDomain, kSummary, lower_add};
  return info;
}

const LoweringInfo& qlinear_mul_lowering() {
  static const LoweringInfo info{"QLinearMul", kMicrosoftDomain, kSummary, lower_mul};
  return info;
}

const LoweringInfo& qlinear_sigmoid_lowering() {
  static const LoweringInfo info{"QLinearSigmoid", kMicrosoftDomain, kSummary, lower_sigmoid};
  return info;
}

const LoweringInfo& qlinear_leaky_relu_lowering() {
  static const LoweringInfo info{"QLinearLeakyRelu", kMicrosoftDomain, kSummary, lower_leaky_relu};
  return info;
}

const LoweringInfo& qlinear_softmax_lowering() {
  static const LoweringInfo info{"QLinearSoftmax", kMicrosoftDomain, kSummary, lower_softmax};
  return info;
}

const LoweringInfo& qlinear_average_pool_lowering() {
  static const LoweringInfo info{"QLinearAveragePool", kMicrosoftDomain, kSummary, lower_average_pool};
  return info;
}

const LoweringInfo& qlinear_global_average_pool_lowering() {
  static const LoweringInfo info{"QLinearGlobalAveragePool", kMicrosoftDomain, kSummary, lower_global_average_pool};
  return info;
}

const LoweringInfo& qlinear_reduce_mean_lowering() {
  static const LoweringInfo info{"QLinearReduceMean", kMicrosoftDomain, kSummary, lower_reduce_mean};
  return info;
}

const LoweringInfo& qlinear_concat_lowering() {
  static const LoweringInfo info{"QLinearConcat", kMicrosoftDomain, kSummary, lower_concat};
  return info;
}

const LoweringInfo& qlinear_where_lowering() {
  static const LoweringInfo info{"QLinearWhere", kMicrosoftDomain, kSummary, lower_where};
  return info;
}

const LoweringInfo& qgemm_lowering() {
  static const LoweringInfo info{"QGemm", kMicrosoftDomain, kSummary, lower_gemm};
  return info;
}

const LoweringInfo& qlinear_matmul_lowering() {
  static const LoweringInfo info{"QLinearMatMul", "", kSummary, lower_matmul};
  return info;
}

const LoweringInfo& qlinear_conv_lowering() {
  static const LoweringInfo info{"QLinearConv", "", kSummary, lower_conv};
  return info;
}

const LoweringInfo& conv_integer_lowering() {
  static const LoweringInfo info{"ConvInteger", "", "Cast, Conv, Cast", lower_conv_integer};
  return info;
}

const LoweringInfo& quantized_embed_layer_normalization_lowering() {
  static const LoweringInfo info{"QEmbedLayerNormalization", kMicrosoftDomain,
                                 "DequantizeLinear, EmbedLayerNormalization", lower_embed_norm};
  return info;
}

}  // namespace kerf::formats::onnx
