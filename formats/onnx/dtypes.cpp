#include "formats/onnx/dtypes.h"

#include <algorithm>
#include <string_view>

#include "formats/onnx/schema.h"
#include "formats/onnx/stored_tensor.h"

namespace kerf::formats::onnx {
namespace {

constexpr std::string_view kTruths[] = {"And",  "Or",          "Xor",   "Not",  "Equal", "Greater", "GreaterOrEqual",
                                        "Less", "LessOrEqual", "IsNaN", "IsInf"};
constexpr std::string_view kIntegers[] = {"Shape", "Size", "NonZero", "ArgMax", "ArgMin"};
constexpr std::string_view kSecondInput[] = {"Where", "CastLike"};

template <typename List>
bool contains(const List& list, std::string_view op) {
  return std::find(std::begin(list), std::end(list), op) != std::end(list);
}

}  // namespace

std::int64_t data_type_of(DType dtype) {
  switch (dtype) {
    case DType::kI64:
      return proto::TensorProto::INT64;
    case DType::kI32:
      return proto::TensorProto::INT32;
    case DType::kI8:
      return proto::TensorProto::INT8;
    case DType::kU8:
      return proto::TensorProto::UINT8;
    case DType::kBool:
      return proto::TensorProto::BOOL;
    default:
      return proto::TensorProto::FLOAT;
  }
}

DType output_dtype(const DraftNode& node, std::size_t output, const Draft& draft) {
  const auto of_input = [&](std::size_t i) {
    return i < node.inputs.size() && node.inputs[i] != kAbsent ? draft.value(node.inputs[i]).dtype : DType::kF32;
  };
  if (!node.domain.empty()) return DType::kF32;
  if (contains(kTruths, node.op)) return DType::kBool;
  if (contains(kIntegers, node.op)) return DType::kI64;
  if (node.op == "TopK" && output == 1) return DType::kI64;
  if (node.op == "Cast") {
    return computing_dtype(static_cast<std::int32_t>(node.attributes.int_or("to", 1))).value_or(DType::kF32);
  }
  if (node.op == "OneHot") return of_input(2);
  if (contains(kSecondInput, node.op)) return of_input(1);
  if (node.op == "DequantizeLinear") return DType::kF32;
  if (node.op == "MatMulInteger") return DType::kI32;
  if (node.op == "DynamicQuantizeLinear") return output == 1 ? DType::kF32 : DType::kU8;
  if (node.op == "QuantizeLinear") return of_input(2) == DType::kF32 ? DType::kU8 : of_input(2);
  if (node.op == "EyeLike") {
    return computing_dtype(static_cast<std::int32_t>(node.attributes.int_or("dtype", 0))).value_or(of_input(0));
  }
  return of_input(0);
}

}  // namespace kerf::formats::onnx
