#include <fmt/format.h>

#include "formats/onnx/node_builder.h"
#include "formats/onnx/quantized/blocked_codes.h"
#include "formats/onnx/quantized/integer_codes.h"

namespace kerf::formats::onnx {
namespace {

std::optional<std::string> refusal(const QuantizedWeight& weight) {
  if (auto why = integer_refusal(weight.scheme)) return why;
  if (!blocks_of(weight.scheme, weight.cols)) return blocks_refusal(weight.scheme);
  return scale_refusal(weight);
}

std::int64_t opset(const QuantizedWeight&) { return 1; }

std::string codes_name(const QuantizedWeight& weight) { return fmt::format("{}_Q{}", weight.name, weight.scheme.bits); }
std::int64_t block_bytes(const QuantizedWeight& weight) {
  return blocks_of(weight.scheme, weight.cols)->size * weight.scheme.bits / 8;
}

std::vector<PlannedTensor> plan(const QuantizedWeight& weight) {
  return plan_blocks(weight, codes_name(weight),
                     {weight.rows, blocks_of(weight.scheme, weight.cols)->count, block_bytes(weight)});
}

TensorBytes encode(const QuantizedWeight& weight, const codec::QuantizedTensor& tensor) {
  return encode_blocks(weight, tensor, blocks_of(weight.scheme, weight.cols)->count * block_bytes(weight));
}

void add_nodes(const QuantizedWeight& weight, const WeightUse& use, const FormOptions& options, NodeList& list) {
  const Blocks blocks = *blocks_of(weight.scheme, weight.cols);
  NodeBuilder node("MatMulNBits", kMicrosoftDomain);
  node.named(use.node).makes({use.output});
  node.reads({use.input, codes_name(weight), block_scales_name(weight), block_points_name(weight), "", use.bias});
  node.with("K", weight.cols).with("N", weight.rows).with("bits", weight.scheme.bits).with("block_size", blocks.size);
  if (options.accuracy_level != 0) node.with("accuracy_level", options.accuracy_level);
  list.nodes.push_back(node.build());
}

}  // namespace

const WeightForm& matmul_nbits_form() {
  static const WeightForm form{
      .name = "MatMulNBits",
      .summary = "blocks of 4 or 8 bits along the inputs, multiplied as they are",
      .source = "https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits",
      .makes = WeightForm::Makes::kProduct,
      .refusal = refusal,
      .opset = opset,
      .microsoft = true,
      .plan = plan,
      .encode = encode,
      .add_nodes = add_nodes,
      .codes_from_product = nullptr,
      .note = repeated_scales_note};
  return form;
}

}  // namespace kerf::formats::onnx
