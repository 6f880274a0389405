#include <fmt/format.h>

#include "core/checked.h"
#include "formats/onnx/node_builder.h"
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
std::string scales_name(const QuantizedWeight& weight) { return weight.name + "_scales"; }
std::string points_name(const QuantizedWeight& weight) {
  return weight.scheme.offset == codec::Offset::kZeroPoint ? weight.name + "_zero_points" : "";
}

std::int64_t point_bytes(const QuantizedWeight& weight, const Blocks& blocks) {
  return div_up<std::int64_t>(blocks.count * weight.scheme.bits, 8);
}

std::vector<PlannedTensor> plan(const QuantizedWeight& weight) {
  const Blocks blocks = *blocks_of(weight.scheme, weight.cols);
  const std::int64_t block_bytes = blocks.size * weight.scheme.bits / 8;
  std::vector<PlannedTensor> tensors = {
      {codes_name(weight), proto::TensorProto::UINT8, {weight.rows, blocks.count, block_bytes}},
      {scales_name(weight), weight.float_type, {weight.rows, blocks.count}}};
  if (const std::string points = points_name(weight); !points.empty()) {
    tensors.push_back({points, proto::TensorProto::UINT8, {weight.rows, point_bytes(weight, blocks)}});
  }
  return tensors;
}

TensorBytes encode(const QuantizedWeight& weight, const codec::QuantizedTensor& tensor) {
  const Blocks blocks = *blocks_of(weight.scheme, weight.cols);
  const int bits = weight.scheme.bits;
  const auto planned = plan(weight);
  TensorBytes bytes;
  bytes.push_back(packed_rows(tensor.codes, tensor.rows, tensor.cols, bits, blocks.count * blocks.size * bits / 8));
  bytes.push_back(exact_floats(planned[1], by_block(tensor, tensor.scales, blocks)));
  if (!points_name(weight).empty()) {
    bytes.push_back(packed_rows(by_block(tensor, tensor.zero_points, blocks), tensor.rows, blocks.count, bits,
                                point_bytes(weight, blocks)));
  }
  return bytes;
}

void add_nodes(const QuantizedWeight& weight, const WeightUse& use, const FormOptions& options, NodeList& list) {
  const Blocks blocks = *blocks_of(weight.scheme, weight.cols);
  NodeBuilder node("MatMulNBits", kMicrosoftDomain);
  node.named(use.node).makes({use.output});
  node.reads({use.input, codes_name(weight), scales_name(weight), points_name(weight), "", use.bias});
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
