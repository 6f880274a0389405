#include <array>
#include <charconv>
#include <limits>

#include "codec/scheme.h"
#include "core/strings.h"

namespace kerf::codec {

const SchemeFamily& table_family();

namespace {

/// Schemes whose group and scale dtype belong to the name.
struct Fixed {
  std::string_view name, levels;
  std::int64_t group_size;
  DType scale_dtype;
  bool unit_by_tensor = false;
};
constexpr std::array kFixed = {
    Fixed{"iq4_nl", "iq4", 32, DType::kF16},          Fixed{"mxfp4", "e2m1", 32, DType::kE8M0},
    Fixed{"mxfp8", "f8_e4m3", 32, DType::kE8M0},      Fixed{"mxfp8-e5m2", "f8_e5m2", 32, DType::kE8M0},
    Fixed{"nvfp4", "e2m1", 16, DType::kF8E4M3, true},
};
/// Schemes whose group the name goes on with.
constexpr std::array<std::string_view, 4> kOpen = {"nf4", "fp4", "f8_e4m3", "f8_e5m2"};

constexpr std::int64_t kMinGroupSize = 8;

Scheme table_scheme(std::string_view name, const LevelTable& levels) {
  Scheme scheme;
  scheme.name = name;
  scheme.kind = Scheme::Kind::kTable;
  scheme.levels = &levels;
  scheme.bits = levels.bits;
  return scheme;
}

/// One spelling a number: no sign, no leading zero.
bool read_size(std::string_view part, std::int64_t& size) {
  if (part.empty() || part[0] < '1' || part[0] > '9') return false;
  const auto [rest, error] = std::from_chars(part.data(), part.data() + part.size(), size);
  return error == std::errc() && rest == part.data() + part.size() && size >= kMinGroupSize &&
         size <= std::numeric_limits<std::int32_t>::max();
}

/// "128x128" or "128": rows and columns. Of 8-bit floats alone, whose files have such.
bool read_block(std::string_view part, Scheme& scheme) {
  scheme.granularity = Granularity::kBlock;
  const std::size_t cut = part.find('x');
  const std::string_view cols = cut == std::string_view::npos ? part : part.substr(cut + 1);
  return scheme.bits == 8 && read_size(part.substr(0, cut), scheme.block_rows) && read_size(cols, scheme.group_size);
}

/// "-g64", "-b128x128", "-tensor" or nothing (a row), after the table's name.
bool read_granularity(std::string_view part, Scheme& scheme) {
  if (part.empty()) return true;
  if (starts_with(part, "-b")) return read_block(part.substr(2), scheme);
  scheme.granularity = part == "-tensor" ? Granularity::kTensor : Granularity::kGroup;
  if (part == "-tensor") return true;
  return starts_with(part, "-g") && read_size(part.substr(2), scheme.group_size);
}

std::optional<Scheme> parse(std::string_view lower_case_name) {
  for (const Fixed& fixed : kFixed) {
    if (fixed.name != lower_case_name) continue;
    Scheme scheme = table_scheme(fixed.name, *find_level_table(fixed.levels));
    scheme.granularity = Granularity::kGroup;
    scheme.group_size = fixed.group_size;
    scheme.scale_dtype = fixed.scale_dtype;
    scheme.fixed_scale_dtype = true;
    scheme.unit_by_tensor = fixed.unit_by_tensor;
    return scheme;
  }
  for (const std::string_view name : kOpen) {
    if (!starts_with(lower_case_name, name)) continue;
    Scheme scheme = table_scheme(lower_case_name, *find_level_table(name));
    if (!read_granularity(lower_case_name.substr(name.size()), scheme)) continue;
    if (scheme.granularity == Granularity::kBlock) {
      scheme.name =
          std::string(name) + "-b" + std::to_string(scheme.block_rows) + "x" + std::to_string(scheme.group_size);
    }
    return scheme;
  }
  return std::nullopt;
}

}  // namespace

const SchemeFamily& table_family() {
  static const SchemeFamily family{
      .name = "table",
      .grammar = "{nf4|fp4|f8_e4m3|f8_e5m2}[-g{N}|-tensor|-b{R}x{C}]|iq4_nl|mxfp4|mxfp8|nvfp4",
      .summary =
          "codes that stand for the values of a table, or are 8-bit floats, with one scale a row, a group, the tensor "
          "or, of 8-bit floats, a block of R rows and C columns; "
          "a power of two for the MX formats, an e4m3 number times the tensor's own for nvfp4",
      .examples = {"nf4-g64", "fp4-g64", "iq4_nl", "mxfp4", "mxfp8", "mxfp8-e5m2", "nvfp4", "f8_e4m3", "f8_e4m3-tensor",
                   "f8_e4m3-g128", "f8_e4m3-b128x128", "f8_e5m2", "f8_e5m2-b128x128"},
      .parse = parse,
  };
  return family;
}

}  // namespace kerf::codec
