#include "codec/scheme.h"

namespace kerf::codec {

const SchemeFamily& float_family();

namespace {

std::optional<Scheme> parse(std::string_view lower_case_name) {
  Scheme scheme;
  scheme.name = std::string(lower_case_name);
  if (lower_case_name == "none") return scheme;
  const auto dtype = parse_dtype(lower_case_name);
  if (dtype != DType::kF32 && dtype != DType::kF16 && dtype != DType::kBF16) return std::nullopt;
  scheme.kind = Scheme::Kind::kFloat;
  scheme.float_dtype = *dtype;
  return scheme;
}

}  // namespace

const SchemeFamily& float_family() {
  static const SchemeFamily family{
      .name = "float",
      .grammar = "none|f32|f16|bf16",
      .summary = "a plain conversion to a floating dtype; none keeps the source's dtype",
      .examples = {"none", "f32", "f16", "bf16"},
      .parse = parse,
  };
  return family;
}

}  // namespace kerf::codec
