#include "formats/gguf/ggml_types.h"

#include <array>

#include <fmt/format.h>

namespace kerf::formats::gguf {
namespace {

/// ggml.h (enum ggml_type, enum ggml_ftype) and the block structs of ggml-common.h.
constexpr std::array kTypes = {
    GgmlType{0, "f32", 1, 4, 0, DType::kF32},
    GgmlType{1, "f16", 1, 2, 1, DType::kF16},
    GgmlType{2, "q4_0", 32, 18, 2},
    GgmlType{3, "q4_1", 32, 20, 3},
    GgmlType{6, "q5_0", 32, 22, 8},
    GgmlType{7, "q5_1", 32, 24, 9},
    GgmlType{8, "q8_0", 32, 34, 7},
    GgmlType{9, "q8_1", 32, 36},
    GgmlType{10, "q2_k", 256, 84, 10},
    GgmlType{11, "q3_k", 256, 110, 12},
    GgmlType{12, "q4_k", 256, 144, 15},
    GgmlType{13, "q5_k", 256, 176, 17},
    GgmlType{14, "q6_k", 256, 210, 18},
    GgmlType{15, "q8_k", 256, 292},
    GgmlType{16, "iq2_xxs", 256, 66, 19},
    GgmlType{17, "iq2_xs", 256, 74, 20},
    GgmlType{18, "iq3_xxs", 256, 98, 23},
    GgmlType{19, "iq1_s", 256, 50, 24},
    GgmlType{20, "iq4_nl", 32, 18, 25},
    GgmlType{21, "iq3_s", 256, 110, 26},
    GgmlType{22, "iq2_s", 256, 82, 28},
    GgmlType{23, "iq4_xs", 256, 136, 30},
    GgmlType{24, "i8", 1, 1, -1, DType::kI8},
    GgmlType{25, "i16", 1, 2, -1, DType::kI16},
    GgmlType{26, "i32", 1, 4, -1, DType::kI32},
    GgmlType{27, "i64", 1, 8, -1, DType::kI64},
    GgmlType{28, "f64", 1, 8, -1, DType::kF64},
    GgmlType{29, "iq1_m", 256, 56, 31},
    GgmlType{30, "bf16", 1, 2, 32, DType::kBF16},
    GgmlType{34, "tq1_0", 256, 54, 36},
    GgmlType{35, "tq2_0", 256, 66, 37},
    GgmlType{39, "mxfp4", 32, 17, 38},
    GgmlType{40, "nvfp4", 64, 36, 39},
    GgmlType{41, "q1_0", 128, 18, 40},
    GgmlType{42, "q2_0", 64, 18, 41},
};

}  // namespace

const GgmlType* find_ggml_type(std::uint32_t id) {
  for (const GgmlType& type : kTypes) {
    if (type.id == id) return &type;
  }
  return nullptr;
}

const GgmlType* find_ggml_type(DType dtype) {
  if (dtype != DType::kF32 && dtype != DType::kF16 && dtype != DType::kBF16) return nullptr;
  for (const GgmlType& type : kTypes) {
    if (type.dtype == dtype) return &type;
  }
  return nullptr;
}

std::string ggml_type_label(std::uint32_t id) {
  const GgmlType* type = find_ggml_type(id);
  return type != nullptr ? std::string(type->name) : fmt::format("unknown type {}", id);
}

}  // namespace kerf::formats::gguf
