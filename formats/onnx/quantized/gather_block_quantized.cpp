#include <fmt/format.h>

#include "core/checked.h"
#include "formats/onnx/node_builder.h"
#include "formats/onnx/quantized/integer_codes.h"

namespace kerf::formats::onnx {
namespace {

std::optional<std::string> refusal(const QuantizedWeight& weight) {
  if (auto why = integer_refusal(weight.scheme)) return why;
  if (!blocks_of(weight.scheme, weight.cols)) return blocks_refusal(weight.scheme);
  if (weight.scheme.bits == 4 && weight.cols % 2 != 0) {
    return fmt::format("GatherBlockQuantized has whole bytes of two codes in a row, not {} codes; int8-g32 is near",
                       weight.cols);
  }
  return scale_refusal(weight);
}

std::int64_t opset(const QuantizedWeight&) { return 1; }

std::string codes_name(const QuantizedWeight& weight) {
  return fmt::format("{}_rows_Q{}", weight.name, weight.scheme.bits);
}
// As MatMulNBits has them: a weight that is both has one of each.
std::string scales_name(const QuantizedWeight& weight) { return weight.name + "_scales"; }
std::string points_name(const QuantizedWeight& weight) {
  return weight.scheme.offset == codec::Offset::kZeroPoint ? weight.name + "_zero_points" : "";
}

std::int64_t row_bytes(const QuantizedWeight& weight) { return weight.cols * weight.scheme.bits / 8; }
std::int64_t point_bytes(const QuantizedWeight& weight, const Blocks& blocks) {
  return div_up<std::int64_t>(blocks.count * weight.scheme.bits, 8);
}

std::vector<PlannedTensor> plan(const QuantizedWeight& weight) {
  const Blocks blocks = *blocks_of(weight.scheme, weight.cols);
  std::vector<PlannedTensor> tensors = {
      {codes_name(weight), proto::TensorProto::UINT8, {weight.rows, row_bytes(weight)}},
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
  bytes.push_back(packed_rows(tensor.codes, tensor.rows, tensor.cols, bits, row_bytes(weight)));
  bytes.push_back(exact_floats(planned[1], by_block(tensor, tensor.scales, blocks)));
  if (!points_name(weight).empty()) {
    bytes.push_back(packed_rows(by_block(tensor, tensor.zero_points, blocks), tensor.rows, blocks.count, bits,
                                point_bytes(weight, blocks)));
  }
  return bytes;
}

void add_nodes(const QuantizedWeight& weight, const WeightUse& use, const FormOptions&, NodeList& list) {
  const Blocks blocks = *blocks_of(weight.scheme, weight.cols);
  NodeBuilder node("GatherBlockQuantized", kMicrosoftDomain);
  node.named(use.node).makes({use.output});
  node.reads({codes_name(weight), use.input, scales_name(weight), points_name(weight)});
  node.with("bits", weight.scheme.bits).with("block_size", blocks.size);
  node.with("gather_axis", std::int64_t{0}).with("quantize_axis", std::int64_t{1});
  list.nodes.push_back(node.build());
}

/// Blocks of MatMulNBits one after another are rows, unless the last one is filled up.
std::vector<proto::NodeProto> codes_from_product(const QuantizedWeight& weight) {
  if (weight.cols % blocks_of(weight.scheme, weight.cols)->size != 0) return {};
  const std::string shape = codes_name(weight) + "_shape";
  return {NodeBuilder("Constant")
              .named(shape)
              .makes({shape})
              .with("value_ints", std::vector<std::int64_t>{weight.rows, row_bytes(weight)})
              .build(),
          NodeBuilder("Reshape")
              .named(codes_name(weight))
              .reads({fmt::format("{}_Q{}", weight.name, weight.scheme.bits), shape})
              .makes({codes_name(weight)})
              .build()};
}

}  // namespace

const WeightForm& gather_block_quantized_form() {
  static const WeightForm form{.name = "GatherBlockQuantized",
                               .summary = "rows of a table of 4 or 8 bits, made floats as they are chosen",
                               .source =
                                   "https://github.com/microsoft/onnxruntime/blob/main/docs/"
                                   "ContribOperators.md#com.microsoft.GatherBlockQuantized",
                               .makes = WeightForm::Makes::kRows,
                               .refusal = refusal,
                               .opset = opset,
                               .microsoft = true,
                               .plan = plan,
                               .encode = encode,
                               .add_nodes = add_nodes,
                               .codes_from_product = codes_from_product,
                               .note = repeated_scales_note};
  return form;
}

}  // namespace kerf::formats::onnx
