#include "formats/onnx/quantized/blocked_codes.h"

#include <utility>

#include "core/checked.h"
#include "formats/onnx/quantized/integer_codes.h"

namespace kerf::formats::onnx {
namespace {

std::int64_t point_bytes(const QuantizedWeight& weight, const Blocks& blocks) {
  return div_up<std::int64_t>(blocks.count * weight.scheme.bits, 8);
}

PlannedTensor planned_scales(const QuantizedWeight& weight, const Blocks& blocks) {
  return {block_scales_name(weight), weight.float_type, {weight.rows, blocks.count}};
}

}  // namespace

std::string block_scales_name(const QuantizedWeight& weight) { return weight.name + "_scales"; }

std::string block_points_name(const QuantizedWeight& weight) {
  return has_zero_points(weight) ? weight.name + "_zero_points" : "";
}

std::vector<PlannedTensor> plan_blocks(const QuantizedWeight& weight, std::string codes, Shape shape) {
  const Blocks blocks = *blocks_of(weight.scheme, weight.cols);
  std::vector<PlannedTensor> tensors = {{std::move(codes), proto::TensorProto::UINT8, std::move(shape)},
                                        planned_scales(weight, blocks)};
  if (const std::string points = block_points_name(weight); !points.empty()) {
    tensors.push_back({points, proto::TensorProto::UINT8, {weight.rows, point_bytes(weight, blocks)}});
  }
  return tensors;
}

TensorBytes encode_blocks(const QuantizedWeight& weight, const codec::QuantizedTensor& tensor, std::int64_t row_bytes) {
  const Blocks blocks = *blocks_of(weight.scheme, weight.cols);
  const int bits = weight.scheme.bits;
  TensorBytes bytes;
  bytes.push_back(packed_rows(tensor.codes, tensor.rows, tensor.cols, bits, row_bytes));
  bytes.push_back(exact_floats(planned_scales(weight, blocks), by_block(tensor, tensor.scales, blocks)));
  if (has_zero_points(weight)) {
    bytes.push_back(packed_rows(by_block(tensor, tensor.zero_points, blocks), tensor.rows, blocks.count, bits,
                                point_bytes(weight, blocks)));
  }
  return bytes;
}

}  // namespace kerf::formats::onnx
