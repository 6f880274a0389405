#include "formats/safetensors/layouts/compressed_tensors.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "core/strings.h"
#include "core/threads.h"
#include "formats/safetensors/layouts/bit_packing.h"
#include "formats/safetensors/layouts/module_parts.h"

namespace kerf::formats::safetensors {
namespace compressed_tensors {
namespace {

using codec::Granularity;
using codec::Offset;

bool is_packable(int bits) { return bits == 2 || bits == 4 || bits == 8; }

/// [out, groups], of blocks [rows of blocks, columns of blocks], or [1] for the whole tensor.
Shape scale_shape(const codec::Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  if (scheme.granularity == Granularity::kTensor) return {1};
  return {scheme.scale_rows(rows), scheme.groups(cols)};
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

/// One code a byte: of integers signed, of 8-bit floats their bits.
std::vector<std::byte> plain_codes(const codec::QuantizedTensor& weight) {
  const int middle = weight.scheme.plain_integer() ? 1 << (weight.scheme.bits - 1) : 0;
  std::vector<std::byte> bytes(weight.codes.size());
  std::transform(weight.codes.begin(), weight.codes.end(), bytes.begin(),
                 [&](std::uint8_t code) { return static_cast<std::byte>(static_cast<std::int8_t>(code - middle)); });
  return bytes;
}

std::vector<std::byte> plain_zero_points(const codec::QuantizedTensor& weight) {
  const int middle = 1 << (weight.scheme.bits - 1);
  std::vector<std::byte> bytes(weight.zero_points.size());
  std::transform(weight.zero_points.begin(), weight.zero_points.end(), bytes.begin(),
                 [&](std::uint8_t zero) { return static_cast<std::byte>(static_cast<std::int8_t>(zero - middle)); });
  return bytes;
}

std::vector<std::byte> bytes_of(const TensorPlan& tensor, std::string_view module, const codec::QuantizedTensor& weight,
                                const codec::ActivationQuantizer* input) {
  const auto size = static_cast<std::size_t>(tensor.bytes());
  if (ends_with(tensor.name, kInputScale)) {
    const auto bytes = std::as_bytes(std::span(&input->params().scale, 1));
    return {bytes.begin(), bytes.end()};
  }
  if (ends_with(tensor.name, kInputZeroPoint)) {
    return {static_cast<std::byte>(static_cast<std::int8_t>(input->params().zero_point))};
  }
  if (ends_with(tensor.name, kWeight)) return plain_codes(weight);
  if (ends_with(tensor.name, kZeroPoint) && tensor.dtype == DType::kI8 &&
      weight.scheme.granularity != Granularity::kTensor) {
    return plain_zero_points(weight);
  }
  if (ends_with(tensor.name, kPacked)) return packed_codes(weight, size);
  if (ends_with(tensor.name, kScale)) return exact_floats(module, "scale", weight.scales, tensor.dtype);
  if (ends_with(tensor.name, kShape)) return shape_bytes(weight);
  if (weight.scheme.granularity == Granularity::kTensor) return tensor_zero_point(weight);
  return packed_zero_points(weight, size);
}

/// 8-bit floats as vLLM takes them.
bool is_float8(const codec::Scheme& scheme) {
  return scheme.kind == codec::Scheme::Kind::kTable && scheme.levels->name == "f8_e4m3" &&
         scheme.granularity != Granularity::kGroup;
}

/// Why the format cannot hold the rounding of the input.
std::optional<std::string> activation_refusal(const ModuleScheme& scheme, std::int64_t cols) {
  if (!scheme.activations) return std::nullopt;
  const bool float_input = scheme.activations->kind == codec::ActivationScheme::Kind::kFloat8;
  if (!scheme.weights.quantized()) {
    return fmt::format("its input is rounded ({}), but the weight is not quantized", scheme.activations->name);
  }
  if (!float4_format(scheme.weights).empty() || float_input != is_float8(scheme.weights)) {
    return fmt::format("{} activations beside {} weights are held by none of its formats", scheme.activations->name,
                       scheme.weights.name);
  }
  const std::int64_t group = scheme.activations->group_size;
  if (group > 0 && cols % group != 0) {
    return fmt::format("groups of {} activations do not divide {} channels", group, cols);
  }
  return std::nullopt;
}

std::optional<std::string> float4_refusal(const codec::Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  if (rows <= 0 || cols <= 0) return fmt::format("a weight of shape [{}, {}] is empty", rows, cols);
  if (cols % scheme.group_size == 0) return std::nullopt;
  return fmt::format("groups of {} do not divide {} columns, and compressed-tensors has no shorter last group",
                     scheme.group_size, cols);
}

std::optional<std::string> plain_refusal(const ModuleScheme& module, std::int64_t cols) {
  const codec::Scheme& scheme = module.weights;
  if (!scheme.plain_integer()) {
    return fmt::format(
        "compressed-tensors holds integers with scales of their own, f8_e4m3 (with a scale a row, block or tensor), "
        "nvfp4 and mxfp4, not {}",
        scheme.name);
  }
  if (scheme.offset == Offset::kMinimum) {
    return fmt::format("{} stores a minimum, which compressed-tensors cannot", scheme.name);
  }
  if (!is_packable(scheme.bits) && format_of(module) == kPackFormat) {
    return fmt::format(
        "{} has {} bits, whose packing differs between releases of compressed-tensors; 2, 4 and 8 are held",
        scheme.name, scheme.bits);
  }
  if (scheme.granularity == Granularity::kGroup && cols % scheme.group_size != 0) {
    return fmt::format("groups of {} do not divide {} columns, and compressed-tensors has no shorter last group",
                       scheme.group_size, cols);
  }
  return std::nullopt;
}

}  // namespace

std::string_view format_of(const ModuleScheme& scheme) {
  if (const std::string_view format = float4_format(scheme.weights); !format.empty()) return format;
  if (is_float8(scheme.weights)) return kFloatFormat;
  return scheme.activations ? kIntFormat : kPackFormat;
}

std::optional<std::string> refusal(const ModuleScheme& module, std::int64_t rows, std::int64_t cols) {
  const codec::Scheme& scheme = module.weights;
  if (const auto why = activation_refusal(module, cols)) return why;
  if (!scheme.quantized()) return std::nullopt;
  if (!float4_format(scheme).empty()) return float4_refusal(scheme, rows, cols);
  if (!is_float8(scheme)) {
    if (const auto why = plain_refusal(module, cols)) return why;
  }
  if (rows <= 0 || cols <= 0) return fmt::format("a weight of shape [{}, {}] is empty", rows, cols);
  const DType scales = scheme.float_scale_dtype();
  if (scales != DType::kF16 && scales != DType::kBF16 && scales != DType::kF32) {
    return fmt::format("scales of {} are not held, only f16, bf16 and f32", dtype_name(scales));
  }
  return std::nullopt;
}

namespace {

/// The tensors of a module whose codes are a byte each.
std::vector<TensorPlan> plan_plain(std::string_view module, const ModuleScheme& layout, std::int64_t rows,
                                   std::int64_t cols) {
  const auto named = [&](std::string_view suffix) { return fmt::format("{}{}", module, suffix); };
  const codec::Scheme& scheme = layout.weights;
  const Shape scales = scale_shape(scheme, rows, cols);
  std::vector<TensorPlan> tensors = {
      {named(kWeight), is_float8(scheme) ? DType::kF8E4M3 : DType::kI8, {rows, cols}},
      {named(kScale), scheme.float_scale_dtype(), scales},
  };
  if (scheme.offset == Offset::kZeroPoint) tensors.push_back({named(kZeroPoint), DType::kI8, scales});
  if (layout.activations && !layout.activations->dynamic) {
    tensors.push_back({named(kInputScale), DType::kF32, {1}});
    if (!layout.activations->symmetric) tensors.push_back({named(kInputZeroPoint), DType::kI8, {1}});
  }
  return tensors;
}

}  // namespace

std::vector<TensorPlan> plan(std::string_view module, const ModuleScheme& layout, std::int64_t rows,
                             std::int64_t cols) {
  if (!float4_format(layout.weights).empty()) return plan_float4(module, layout.weights, rows, cols);
  if (format_of(layout) != kPackFormat) return plan_plain(module, layout, rows, cols);
  const codec::Scheme& scheme = layout.weights;
  const auto named = [&](std::string_view suffix) { return fmt::format("{}{}", module, suffix); };
  const Shape scales = scale_shape(scheme, rows, cols);
  std::vector<TensorPlan> tensors = {
      {named(kPacked), DType::kI32, {rows, packed_words(cols, scheme.bits)}},
      {named(kScale), scheme.float_scale_dtype(), scales},
  };
  if (scheme.offset == Offset::kZeroPoint && scheme.granularity == Granularity::kTensor) {
    tensors.push_back({named(kZeroPoint), DType::kI8, scales});
  } else if (scheme.offset == Offset::kZeroPoint) {
    tensors.push_back({named(kZeroPoint), DType::kI32, {packed_words(rows, scheme.bits), scales[1]}});
  }
  tensors.push_back({named(kShape), DType::kI64, {2}});
  return tensors;
}

std::vector<EncodedTensor> encode(std::string_view module, const codec::QuantizedTensor& weight,
                                  const codec::ActivationQuantizer* input) {
  const ModuleScheme scheme(weight.scheme, input == nullptr ? std::nullopt : std::optional(input->scheme()));
  if (const auto why = refusal(scheme, weight.rows, weight.cols)) throw_usage(*why);
  if (!float4_format(weight.scheme).empty()) return encode_float4(module, weight);
  std::vector<EncodedTensor> tensors;
  for (TensorPlan& tensor : plan(module, scheme, weight.rows, weight.cols)) {
    std::vector<std::byte> bytes = bytes_of(tensor, module, weight, input);
    tensors.push_back({std::move(tensor), std::move(bytes)});
  }
  return tensors;
}

}  // namespace compressed_tensors

const LayoutInfo& compressed_tensors_layout() {
  static const LayoutInfo layout{
      .name = compressed_tensors::kName,
      .summary =
          "vLLM's and transformers' layout: codes of 2, 4 or 8 bits packed into int32; a byte each, or 8-bit floats, "
          "where activations are rounded too; NVFP4 and MXFP4",
      .refusal = compressed_tensors::refusal,
      .plan = compressed_tensors::plan,
      .encode = compressed_tensors::encode,
      .config = compressed_tensors::make_config,
      .decode = compressed_tensors::decode,
      .activations = compressed_tensors::read_activations,
  };
  return layout;
}

}  // namespace kerf::formats::safetensors
