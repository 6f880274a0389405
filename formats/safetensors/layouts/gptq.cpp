#include "formats/safetensors/layouts/gptq.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/threads.h"
#include "formats/safetensors/layouts/bit_packing.h"
#include "formats/safetensors/layouts/module_parts.h"

namespace kerf::formats::safetensors {
namespace gptq {
namespace {

using codec::Granularity;
using codec::Offset;

/// Consumers count words of 32 codes: in and out features are multiples of that.
constexpr std::int64_t kFeatures = 32;
constexpr std::array kScaleDtypes = {DType::kF16};

std::optional<std::string> refusal(const ModuleScheme& module, std::int64_t rows, std::int64_t cols) {
  const codec::Scheme& scheme = module.weights;
  if (auto why = integer_refusal(kMethod, module, rows, cols, kScaleDtypes)) return why;
  if (!scheme.quantized()) return std::nullopt;
  if (scheme.offset == Offset::kMinimum) {
    return fmt::format("{} stores a minimum, which gptq cannot", scheme.name);
  }
  if (scheme.bits != 2 && scheme.bits != 3 && scheme.bits != 4 && scheme.bits != 8) {
    return fmt::format("{} has {} bits, gptq has 2, 3, 4 or 8", scheme.name, scheme.bits);
  }
  if (scheme.granularity == Granularity::kTensor) {
    return fmt::format("{} has one scale for the tensor, gptq one for each output channel", scheme.name);
  }
  if (rows % kFeatures != 0 || cols % kFeatures != 0) {
    return fmt::format("a weight of [{}, {}] does not fill words of 32 codes, and gptq has no shorter ones", rows,
                       cols);
  }
  return std::nullopt;
}

std::optional<std::string> refusal_v1(const ModuleScheme& module, std::int64_t rows, std::int64_t cols) {
  if (auto why = refusal(module, rows, cols)) return why;
  if (module.weights.offset != Offset::kZeroPoint) return std::nullopt;
  return fmt::format(
      "{} has zero points, of which gptq's first format cannot say 0; --gptq-format v2 holds all of them",
      module.weights.name);
}

std::vector<TensorPlan> plan(std::string_view module, const ModuleScheme& layout, std::int64_t rows,
                             std::int64_t cols) {
  const codec::Scheme& scheme = layout.weights;
  const auto named = [&](std::string_view suffix) { return fmt::format("{}{}", module, suffix); };
  const std::int64_t groups = scheme.groups(cols);
  return {{named(kCodes), DType::kI32, {packed_words(cols, scheme.bits), rows}},
          {named(kZeroPoints), DType::kI32, {groups, packed_words(rows, scheme.bits)}},
          {named(kScales), scheme.float_scale_dtype(), {groups, rows}},
          {named(kGroupIndex), DType::kI32, {cols}}};
}

/// The words of each output channel, then one word of each channel after the other.
std::vector<std::byte> code_words(const codec::QuantizedTensor& weight) {
  const std::int64_t words = packed_words(weight.cols, weight.scheme.bits);
  const auto width = static_cast<std::size_t>(words) * 4, cols = static_cast<std::size_t>(weight.cols);
  std::vector<std::byte> bytes(static_cast<std::size_t>(weight.rows) * width);
  parallel_for(weight.rows, [&](std::int64_t row) {
    const auto at = static_cast<std::size_t>(row);
    pack_bits(std::span(weight.codes).subspan(at * cols, cols), weight.scheme.bits,
              std::span(bytes).subspan(at * width, width));
  });
  return transposed(bytes, weight.rows, words, 4);
}

/// `less`: what a file's zero points are smaller by.
std::vector<std::byte> zero_words(const codec::QuantizedTensor& weight, int less) {
  const std::int64_t groups = weight.groups();
  const int bits = weight.scheme.bits;
  const auto width = static_cast<std::size_t>(packed_words(weight.rows, bits)) * 4;
  std::vector<std::byte> bytes(static_cast<std::size_t>(groups) * width);
  std::vector<std::uint8_t> line(static_cast<std::size_t>(weight.rows));
  for (std::int64_t group = 0; group < groups; ++group) {
    for (std::int64_t row = 0; row < weight.rows; ++row) {
      const int zero = weight.zero_points.empty() ? 1 << (bits - 1)
                                                  : weight.zero_points[static_cast<std::size_t>(row * groups + group)];
      line[static_cast<std::size_t>(row)] = static_cast<std::uint8_t>(zero - less);
    }
    pack_bits(line, bits, std::span(bytes).subspan(static_cast<std::size_t>(group) * width, width));
  }
  return bytes;
}

std::vector<std::byte> group_index(const codec::QuantizedTensor& weight) {
  std::vector<std::int32_t> groups(static_cast<std::size_t>(weight.cols));
  const std::int64_t width = weight.scheme.group_width(weight.cols);
  for (std::size_t col = 0; col < groups.size(); ++col) {
    groups[col] = static_cast<std::int32_t>(static_cast<std::int64_t>(col) / width);
  }
  return bytes_of_integers(groups);
}

std::vector<EncodedTensor> encode(std::string_view module, const codec::QuantizedTensor& weight, int less) {
  std::vector<TensorPlan> tensors = plan(module, weight.scheme, weight.rows, weight.cols);
  std::vector<EncodedTensor> encoded;
  const std::vector<std::byte> scales = exact_floats(module, "scale", weight.scales, tensors[2].dtype);
  encoded.push_back({std::move(tensors[0]), code_words(weight)});
  encoded.push_back({std::move(tensors[1]), zero_words(weight, less)});
  encoded.push_back({std::move(tensors[2]),
                     transposed(scales, weight.rows, weight.groups(), dtype_bytes(weight.scheme.float_scale_dtype()))});
  encoded.push_back({std::move(tensors[3]), group_index(weight)});
  return encoded;
}

std::vector<EncodedTensor> encode_v1(std::string_view module, const codec::QuantizedTensor& weight,
                                     const codec::ActivationQuantizer*) {
  if (const auto why = refusal_v1(weight.scheme, weight.rows, weight.cols)) throw_usage(*why);
  return encode(module, weight, 1);
}

std::vector<EncodedTensor> encode_v2(std::string_view module, const codec::QuantizedTensor& weight,
                                     const codec::ActivationQuantizer*) {
  if (const auto why = refusal(weight.scheme, weight.rows, weight.cols)) throw_usage(*why);
  return encode(module, weight, 0);
}

Json config_v1(const LayoutModules& modules) { return make_config(modules, kFormatV1); }
Json config_v2(const LayoutModules& modules) { return make_config(modules, kFormatV2); }

}  // namespace
}  // namespace gptq

const LayoutInfo& gptq_layout() {
  static const LayoutInfo layout{
      .name = "gptq",
      .summary = "AutoGPTQ's and GPTQModel's layout: symmetric codes of 2, 3, 4 or 8 bits, a scale a channel or group",
      .refusal = gptq::refusal_v1,
      .plan = gptq::plan,
      .encode = gptq::encode_v1,
      .config = gptq::config_v1,
      .decode = gptq::decode,
      .method = gptq::kMethod,
      .conv1d = true,
      .config_file = "quantize_config.json",
  };
  return layout;
}

const LayoutInfo& gptq_v2_layout() {
  static const LayoutInfo layout{
      .name = "gptq-v2",
      .summary = "the same in GPTQModel's second format, which holds every zero point",
      .refusal = gptq::refusal,
      .plan = gptq::plan,
      .encode = gptq::encode_v2,
      .config = gptq::config_v2,
      .decode = gptq::decode,
      .method = gptq::kMethod,
      .conv1d = true,
      .config_file = "quantize_config.json",
  };
  return layout;
}

}  // namespace kerf::formats::safetensors
