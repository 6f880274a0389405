#include <fmt/format.h>

#include "formats/onnx/node_builder.h"
#include "formats/onnx/quantized/blocked_codes.h"
#include "formats/onnx/quantized/integer_codes.h"

namespace kerf::formats::onnx {
namespace {

std::optional<std::string> refusal(const QuantizedWeight& weight) {
  if (auto why = integer_refusal(weight.scheme)) return why;
  if (!blocks_of(weight.scheme, weight.cols)) return blocks_refusal(weight.scheme);
  if (weight.scheme.bits == 4 && weight.cols % 2 != 0) {
    return fmt::format("GatherBlockQuantized has whole bytes of two codes in a row, not {} codes", weight.cols);
  }
  return scale_refusal(weight);
}

std::int64_t opset(const QuantizedWeight&) { return 1; }

std::string codes_name(const QuantizedWeight& weight) {
  return fmt::format("{}_rows_Q{}", weight.name, weight.scheme.bits);
}
std::int64_t row_bytes(const QuantizedWeight& weight) { return weight.cols * weight.scheme.bits / 8; }

std::vector<PlannedTensor> plan(const QuantizedWeight& weight) {
  return plan_blocks(weight, codes_name(weight), {weight.rows, row_bytes(weight)});
}

TensorBytes encode(const QuantizedWeight& weight, const codec::QuantizedTensor& tensor) {
  return encode_blocks(weight, tensor, row_bytes(weight));
}

void add_nodes(const QuantizedWeight& weight, const WeightUse& use, const FormOptions&, NodeList& list) {
  const Blocks blocks = *blocks_of(weight.scheme, weight.cols);
  NodeBuilder node("GatherBlockQuantized", kMicrosoftDomain);
  node.named(use.node).makes({use.output});
  node.reads({codes_name(weight), use.input, block_scales_name(weight), block_points_name(weight)});
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
