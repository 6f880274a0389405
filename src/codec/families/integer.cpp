#include <charconv>
#include <limits>
#include <string>
#include <vector>

#include "codec/scheme.h"
#include "core/strings.h"

namespace kerf::codec {

const SchemeFamily& integer_family();

namespace {

constexpr std::int64_t kMinGroupSize = 8;
/// What the 32-bit group size fields of the output formats can hold.
constexpr std::int64_t kMaxGroupSize = std::numeric_limits<std::int32_t>::max();

/// "int4" -> 4
std::optional<int> parse_bits(std::string_view part) {
  if (part.size() != 4 || !starts_with(part, "int") || part[3] < '2' || part[3] > '8') return std::nullopt;
  return part[3] - '0';
}

/// "g32" -> 32. One spelling a number: no sign, no leading zero.
std::optional<std::int64_t> parse_group_size(std::string_view part) {
  if (part.size() < 2 || part[0] != 'g' || part[1] < '1' || part[1] > '9') return std::nullopt;
  std::int64_t size = 0;
  const char* end = part.data() + part.size();
  const auto [rest, error] = std::from_chars(part.data() + 1, end, size);
  if (error != std::errc() || rest != end || size < kMinGroupSize || size > kMaxGroupSize) return std::nullopt;
  return size;
}

std::optional<Offset> parse_offset(std::string_view part) {
  if (part == "asym") return Offset::kZeroPoint;
  if (part == "min") return Offset::kMinimum;
  return std::nullopt;
}

/// Reads "tensor" or "g{N}" into the scheme; false if the part is something else.
bool read_granularity(std::string_view part, Scheme& scheme) {
  if (part == "tensor") {
    scheme.granularity = Granularity::kTensor;
    return true;
  }
  const auto size = parse_group_size(part);
  if (!size) return false;
  scheme.granularity = Granularity::kGroup;
  scheme.group_size = *size;
  return true;
}

std::string canonical_name(const Scheme& scheme) {
  std::string name = "int" + std::to_string(scheme.bits);
  if (scheme.granularity == Granularity::kTensor) name += "-tensor";
  if (scheme.granularity == Granularity::kGroup) name += "-g" + std::to_string(scheme.group_size);
  if (scheme.offset == Offset::kZeroPoint) name += "-asym";
  if (scheme.offset == Offset::kMinimum) name += "-min";
  return name;
}

std::optional<Scheme> parse(std::string_view lower_case_name) {
  const std::vector<std::string> parts = split(lower_case_name, '-');
  const auto bits = parts.empty() ? std::nullopt : parse_bits(parts.front());
  if (!bits) return std::nullopt;
  Scheme scheme;
  scheme.kind = Scheme::Kind::kInteger;
  scheme.bits = *bits;
  bool has_granularity = false, has_offset = false;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (const auto offset = parse_offset(parts[i]); offset && !has_offset) {
      scheme.offset = *offset;
      has_offset = true;
    } else if (!has_granularity && read_granularity(parts[i], scheme)) {
      has_granularity = true;
    } else {
      return std::nullopt;
    }
  }
  scheme.name = canonical_name(scheme);
  return scheme;
}

}  // namespace

const SchemeFamily& integer_family() {
  static const SchemeFamily family{
      .name = "integer",
      .grammar = "int{2..8}[-g{N}|-tensor][-asym|-min]",
      .summary =
          "integer codes with one scale a row, a group of N >= 8 columns or the tensor; symmetric, with an "
          "integer zero point (-asym) or with a stored minimum (-min)",
      .examples = {"int8", "int8-asym", "int8-g32", "int8-g32-asym", "int8-tensor", "int8-tensor-asym", "int4-g32",
                   "int4-g32-asym", "int4-g32-min", "int4-g64", "int4-g64-asym", "int4-g64-min", "int4-g128",
                   "int4-g128-asym", "int4-g128-min"},
      .parse = parse,
  };
  return family;
}

}  // namespace kerf::codec
