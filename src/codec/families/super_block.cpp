#include <array>

#include "codec/scheme.h"

namespace kerf::codec {

const SchemeFamily& super_block_family();

namespace {

struct Type {
  std::string_view name;
  int bits;
  std::int64_t group_size;
  Offset offset;
  int scale_bits;
  bool signed_scales;
  std::string_view levels = "";  ///< integers if empty
};

/// ggml, ggml-common.h: what the blocks of 256 weights hold.
constexpr std::array kTypes = {
    Type{"q2_k", 2, 16, Offset::kMinimum, 4, false},  Type{"q3_k", 3, 16, Offset::kSymmetric, 6, true},
    Type{"q4_k", 4, 32, Offset::kMinimum, 6, false},  Type{"q5_k", 5, 32, Offset::kMinimum, 6, false},
    Type{"q6_k", 6, 16, Offset::kSymmetric, 8, true}, Type{"iq4_xs", 4, 32, Offset::kSymmetric, 6, true, "iq4"},
};

constexpr std::int64_t kSuperBlock = 256;

std::optional<Scheme> parse(std::string_view lower_case_name) {
  for (const Type& type : kTypes) {
    if (type.name != lower_case_name) continue;
    Scheme scheme;
    scheme.name = type.name;
    scheme.kind = type.levels.empty() ? Scheme::Kind::kInteger : Scheme::Kind::kTable;
    scheme.levels = find_level_table(type.levels);
    scheme.bits = type.bits;
    scheme.offset = type.offset;
    scheme.granularity = Granularity::kGroup;
    scheme.group_size = type.group_size;
    scheme.fixed_scale_dtype = true;
    scheme.super = {kSuperBlock, type.scale_bits, type.signed_scales};
    return scheme;
  }
  return std::nullopt;
}

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const Type& type : kTypes) result.emplace_back(type.name);
  return result;
}

}  // namespace

const SchemeFamily& super_block_family() {
  static const SchemeFamily family{
      .name = "super-block",
      .grammar = "q{2..6}_k|iq4_xs",
      .summary =
          "GGUF's two levels: groups of 16 or 32 columns whose scales (and minima) are codes of 4 to 8 bits under one "
          "f16 for 256 columns",
      .examples = names(),
      .parse = parse,
  };
  return family;
}

}  // namespace kerf::codec
