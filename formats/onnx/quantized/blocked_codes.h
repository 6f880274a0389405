#pragma once

#include <string>
#include <vector>

#include "formats/onnx/quantized/weight_form.h"

namespace kerf::formats::onnx {

// Codes with scales and zero points by blocks of columns, as com.microsoft's operators have them: operators differ in
// the name and the shape of the codes. A weight that is a product's and a table has one of each of the others.

std::string block_scales_name(const QuantizedWeight& weight);
/// Empty: there are none.
std::string block_points_name(const QuantizedWeight& weight);
/// `codes`: name and shape, [rows, ...] in bytes.
std::vector<PlannedTensor> plan_blocks(const QuantizedWeight& weight, std::string codes, Shape shape);
/// `row_bytes`: of the codes of a row, filled up with 0.
TensorBytes encode_blocks(const QuantizedWeight& weight, const codec::QuantizedTensor& tensor, std::int64_t row_bytes);

}  // namespace kerf::formats::onnx
