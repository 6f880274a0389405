#include "formats/onnx/quantized/integer_codes.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "core/checked.h"

namespace kerf::formats::onnx {
namespace {

constexpr std::int64_t kSmallestBlock = 16, kLargestBlock = 256;

}  // namespace

std::optional<std::string> integer_refusal(const codec::Scheme& scheme) {
  if (!scheme.plain_integer()) return "ONNX has integers with scales of their own, and no operator for such codes";
  if (scheme.offset == codec::Offset::kMinimum) return "ONNX has zero points and no minima";
  if (scheme.bits != 4 && scheme.bits != 8) return fmt::format("ONNX has codes of 4 and 8 bits, not {}", scheme.bits);
  return std::nullopt;
}

std::optional<std::string> scale_refusal(const QuantizedWeight& weight) {
  if (holds(weight.float_type, weight.scheme.float_scale_dtype())) return std::nullopt;
  const bool half = weight.float_type == proto::TensorProto::FLOAT16;
  return fmt::format("its scales are {}, and the model computes in {}; give --scale-dtype {}",
                     dtype_name(weight.scheme.scale_dtype), half ? "f16" : "bf16", half ? "f16" : "bf16");
}

std::vector<std::uint8_t> centred(std::vector<std::uint8_t> codes, int bits) {
  const int middle = 1 << (bits - 1);
  for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(code - middle);
  return codes;
}

std::vector<std::byte> as_bytes(const std::vector<std::uint8_t>& codes) {
  std::vector<std::byte> bytes(codes.size());
  if (!codes.empty()) std::memcpy(bytes.data(), codes.data(), codes.size());
  return bytes;
}

std::optional<Blocks> blocks_of(const codec::Scheme& scheme, std::int64_t cols) {
  const std::int64_t group = scheme.group_width(cols);
  Blocks blocks;
  if (group >= cols) {
    for (blocks.size = kSmallestBlock; blocks.size < cols && blocks.size < kLargestBlock;) blocks.size *= 2;
  } else {
    blocks.size = std::min(group & -group, kLargestBlock);
    if (blocks.size < kSmallestBlock) return std::nullopt;
  }
  blocks.count = div_up(cols, blocks.size);
  blocks.repeated = blocks.count > scheme.groups(cols) || scheme.granularity == codec::Granularity::kTensor;
  return blocks;
}

std::string blocks_refusal(const codec::Scheme& scheme) {
  return fmt::format("its blocks are of a power of two from {} on, not of {}", kSmallestBlock, scheme.group_size);
}

std::string repeated_scales_note(const QuantizedWeight& weight) {
  const auto blocks = blocks_of(weight.scheme, weight.cols);
  if (!blocks || !blocks->repeated) return "";
  return fmt::format("{} has scales of more columns than the operator's blocks have: they are repeated",
                     weight.scheme.name);
}

std::vector<std::byte> packed_rows(const std::vector<std::uint8_t>& codes, std::int64_t rows, std::int64_t cols,
                                   int bits, std::int64_t row_bytes) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(rows * row_bytes));
  const std::int64_t per_byte = 8 / bits;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      const int code = codes[static_cast<std::size_t>(r * cols + c)] << (static_cast<int>(c % per_byte) * bits);
      bytes[static_cast<std::size_t>(r * row_bytes + c / per_byte)] |= static_cast<std::byte>(code);
    }
  }
  return bytes;
}

}  // namespace kerf::formats::onnx
