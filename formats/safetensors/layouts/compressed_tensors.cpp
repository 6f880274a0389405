#include "formats/safetensors/layouts/compressed_tensors.h"

#include <cmath>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "core/strings.h"
#include "core/threads.h"
#include "formats/safetensors/layouts/bit_packing.h"

namespace kerf::formats::safetensors {
namespace compressed_tensors {
namespace {

using codec::Granularity;
using codec::Offset;

bool is_packable(int bits) { return bits == 2 || bits == 4 || bits == 8; }

/// [out, groups], or [1] for the whole tensor.
Shape scale_shape(const codec::Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  if (scheme.granularity == Granularity::kTensor) return {1};
  return {rows, scheme.groups(cols)};
}

std::span<std::byte> row_of(std::vector<std::byte>& bytes, std::int64_t row, std::int64_t rows) {
  const std::size_t width = bytes.size() / static_cast<std::size_t>(rows);
  return std::span(bytes).subspan(static_cast<std::size_t>(row) * width, width);
}

std::vector<std::byte> packed_codes(const codec::QuantizedTensor& weight, std::size_t size) {
  std::vector<std::byte> bytes(size);
  const auto cols = static_cast<std::size_t>(weight.cols);
  parallel_for(weight.rows, [&](std::int64_t row) {
    const auto codes = std::span(weight.codes).subspan(static_cast<std::size_t>(row) * cols, cols);
    pack_bits(codes, weight.scheme.bits, row_of(bytes, row, weight.rows));
  });
  return bytes;
}

std::vector<std::byte> scale_bytes(std::string_view module, const codec::QuantizedTensor& weight, std::size_t size) {
  const DType dtype = weight.scheme.scale_dtype;
  for (const float scale : weight.scales) {
    if (!std::isfinite(scale) || codec::round_to(dtype, scale) != scale) {
      throw_input("", fmt::format("module {}", quoted(module)),
                  fmt::format("scale {} is not exact in {}", scale, dtype_name(dtype)));
    }
  }
  std::vector<std::byte> bytes(size);
  codec::encode_floats(dtype, weight.scales, bytes);
  return bytes;
}

/// Zero points of one group of columns are packed down the rows: word w of column g holds rows w * 32 / bits and on.
std::vector<std::byte> packed_zero_points(const codec::QuantizedTensor& weight, std::size_t size) {
  std::vector<std::byte> bytes(size);
  const int bits = weight.scheme.bits;
  const std::int64_t groups = weight.groups(), words = packed_words(weight.rows, bits);
  std::vector<std::uint8_t> column(static_cast<std::size_t>(weight.rows));
  std::vector<std::byte> packed(static_cast<std::size_t>(words) * 4);
  for (std::int64_t group = 0; group < groups; ++group) {
    for (std::int64_t row = 0; row < weight.rows; ++row) {
      column[static_cast<std::size_t>(row)] = weight.zero_points[static_cast<std::size_t>(row * groups + group)];
    }
    pack_bits(column, bits, packed);
    for (std::int64_t word = 0; word < words; ++word) {
      const auto from = std::span(packed).subspan(static_cast<std::size_t>(word) * 4, 4);
      std::copy(from.begin(), from.end(), bytes.begin() + (word * groups + group) * 4);
    }
  }
  return bytes;
}

/// The one zero point of a tensor is not packed but a signed byte.
std::vector<std::byte> tensor_zero_point(const codec::QuantizedTensor& weight) {
  const int middle = 1 << (weight.scheme.bits - 1);
  return {static_cast<std::byte>(static_cast<std::int8_t>(weight.zero_points.front() - middle))};
}

std::vector<std::byte> shape_bytes(const codec::QuantizedTensor& weight) {
  const std::int64_t shape[] = {weight.rows, weight.cols};
  const auto bytes = std::as_bytes(std::span(shape));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> bytes_of(const TensorPlan& tensor, std::string_view module,
                                const codec::QuantizedTensor& weight) {
  const auto size = static_cast<std::size_t>(tensor.bytes());
  if (ends_with(tensor.name, kPacked)) return packed_codes(weight, size);
  if (ends_with(tensor.name, kScale)) return scale_bytes(module, weight, size);
  if (ends_with(tensor.name, kShape)) return shape_bytes(weight);
  if (weight.scheme.granularity == Granularity::kTensor) return tensor_zero_point(weight);
  return packed_zero_points(weight, size);
}

}  // namespace

std::optional<std::string> refusal(const codec::Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  if (!scheme.quantized()) return std::nullopt;
  if (!scheme.plain_integer()) {
    return fmt::format("{} is not made of integers with scales of their own, which is what compressed-tensors holds",
                       scheme.name);
  }
  if (scheme.offset == Offset::kMinimum) {
    const std::string with_zero_point = scheme.name.substr(0, scheme.name.rfind("-min")) + "-asym";
    return fmt::format("{} stores a minimum, which compressed-tensors cannot; its kind of asymmetry is {}", scheme.name,
                       with_zero_point);
  }
  if (!is_packable(scheme.bits)) {
    return fmt::format(
        "{} has {} bits, whose packing differs between releases of compressed-tensors; 2, 4 and 8 are held",
        scheme.name, scheme.bits);
  }
  if (rows <= 0 || cols <= 0) return fmt::format("a weight of shape [{}, {}] is empty", rows, cols);
  if (scheme.granularity == Granularity::kGroup && cols % scheme.group_size != 0) {
    return fmt::format("groups of {} do not divide {} columns, and compressed-tensors has no shorter last group",
                       scheme.group_size, cols);
  }
  if (scheme.scale_dtype != DType::kF16 && scheme.scale_dtype != DType::kBF16 && scheme.scale_dtype != DType::kF32) {
    return fmt::format("scales of {} are not held, only f16, bf16 and f32", dtype_name(scheme.scale_dtype));
  }
  return std::nullopt;
}

std::vector<TensorPlan> plan(std::string_view module, const codec::Scheme& scheme, std::int64_t rows,
                             std::int64_t cols) {
  const auto named = [&](std::string_view suffix) { return fmt::format("{}{}", module, suffix); };
  const Shape scales = scale_shape(scheme, rows, cols);
  std::vector<TensorPlan> tensors = {
      {named(kPacked), DType::kI32, {rows, packed_words(cols, scheme.bits)}},
      {named(kScale), scheme.scale_dtype, scales},
  };
  if (scheme.offset == Offset::kZeroPoint && scheme.granularity == Granularity::kTensor) {
    tensors.push_back({named(kZeroPoint), DType::kI8, scales});
  } else if (scheme.offset == Offset::kZeroPoint) {
    tensors.push_back({named(kZeroPoint), DType::kI32, {packed_words(rows, scheme.bits), scales[1]}});
  }
  tensors.push_back({named(kShape), DType::kI64, {2}});
  return tensors;
}

std::vector<EncodedTensor> encode(std::string_view module, const codec::QuantizedTensor& weight) {
  if (const auto why = refusal(weight.scheme, weight.rows, weight.cols)) throw_usage(*why);
  std::vector<EncodedTensor> tensors;
  for (TensorPlan& tensor : plan(module, weight.scheme, weight.rows, weight.cols)) {
    std::vector<std::byte> bytes = bytes_of(tensor, module, weight);
    tensors.push_back({std::move(tensor), std::move(bytes)});
  }
  return tensors;
}

}  // namespace compressed_tensors

const LayoutInfo& compressed_tensors_layout() {
  static const LayoutInfo layout{
      .name = compressed_tensors::kName,
      .summary = "vLLM's and transformers' layout: codes of 2, 4 or 8 bits packed into int32, pack-quantized",
      .refusal = compressed_tensors::refusal,
      .plan = compressed_tensors::plan,
      .encode = compressed_tensors::encode,
      .config = compressed_tensors::make_config,
      .decode = compressed_tensors::decode,
  };
  return layout;
}

}  // namespace kerf::formats::safetensors
