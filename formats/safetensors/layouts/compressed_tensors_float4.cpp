// The formats of compressed-tensors for 4-bit floats, two codes of E2M1 a byte: "nvfp4-pack-quantized", whose groups of
// 16 have scales of E4M3 that one f32 of the tensor divides, and "mxfp4-pack-quantized", whose groups of 32 have powers
// of two.
#include <bit>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/bit_packing.h"
#include "formats/safetensors/layouts/codes_source.h"
#include "formats/safetensors/layouts/compressed_tensors.h"
#include "formats/safetensors/layouts/module_parts.h"

namespace kerf::formats::safetensors::compressed_tensors {
namespace {

constexpr std::string_view kGlobalScale = ".weight_global_scale";
constexpr std::string_view kInputGlobalScale = ".input_global_scale";

bool is_nvfp4(const codec::Scheme& scheme) { return scheme.name == "nvfp4"; }

/// What divides the scales: the inverse of their unit, which is a power of two.
float global_scale(const codec::Scheme& scheme) { return 1.0F / scheme.unit.value; }

std::vector<float> scales_in_units(const codec::QuantizedTensor& weight) {
  std::vector<float> scales = weight.scales;
  for (float& scale : scales) scale /= weight.scheme.unit.value;
  return scales;
}

struct Module {
  std::string name;
  StoredTensor codes, scales;
  float divisor = 1;
};

/// Codes and scales of the module; values only where the divisor is no power of two, for then scale / divisor was
/// rounded.
class Float4Source : public CodesSource {
 public:
  Float4Source(Module module, codec::Scheme scheme, std::uint64_t bytes)
      : CodesSource({.name = module.name,
                     .codes = module.codes,
                     .rows = module.codes.entry.shape[0],
                     .cols = module.codes.entry.shape[1] * 2,
                     .bytes = bytes,
                     .values_only = !is_power_of_two(module.divisor)},
                    scheme),
        module_(std::move(module)),
        scale_dtype_(scheme.scale_dtype) {}

 protected:
  void read_codes(std::int64_t first, std::int64_t count, std::uint8_t* codes) const override {
    const std::int64_t cols = module().cols;
    std::vector<std::byte> bytes(static_cast<std::size_t>(count * cols / 2));
    module_.codes.read(static_cast<std::uint64_t>(first * cols / 2), bytes);
    unpack_bits(bytes, 4, std::span(codes, static_cast<std::size_t>(count * cols)));
  }
  void read_parameters(std::int64_t first, std::int64_t, codec::QuantizedTensor& weight) const override {
    read_numbers(module_.scales, static_cast<std::uint64_t>(first * weight.groups()), weight.scales, scale_dtype_);
    for (float& scale : weight.scales) scale /= module_.divisor;
  }

 private:
  static bool is_power_of_two(float value) {
    int exponent = 0;
    return std::frexp(value, &exponent) == 0.5F;
  }
  Module module_;
  DType scale_dtype_;
};

float read_divisor(const StoredTensor& stored) {
  if (stored.entry.dtype != DType::kF32 || numel(stored.entry.shape) != 1) {
    stored.fail(fmt::format("is {} of {}, expected one number of f32", to_string(stored.entry.shape),
                            dtype_name(stored.entry.dtype)));
  }
  float value = 0;
  read_numbers(stored, 0, std::span(&value, 1));
  if (!(value > 0) || !std::isfinite(1.0F / value)) {
    stored.fail(fmt::format("is {}, expected a positive number to divide by", value));
  }
  return value;
}

graph::SourcePtr module_source(const std::string& name, const StoredTensor& codes, const StoredTensors& tensors,
                               codec::Scheme scheme) {
  expect_matrix(codes, DType::kU8);
  Module module{.name = name, .codes = codes, .scales = require_part(tensors, codes, name + std::string(kScale))};
  const std::int64_t rows = codes.entry.shape[0], cols = codes.entry.shape[1] * 2;
  if (cols % scheme.group_size != 0) {
    codes.fail(fmt::format("has {} columns, which groups of {} do not divide", cols, scheme.group_size));
  }
  expect_tensor(module.scales, is_nvfp4(scheme) ? DType::kF8E4M3 : DType::kU8, {rows, cols / scheme.group_size});
  std::uint64_t bytes = codes.entry.bytes + module.scales.entry.bytes;
  if (is_nvfp4(scheme)) {
    const StoredTensor& global = require_part(tensors, codes, name + std::string(kGlobalScale));
    module.divisor = read_divisor(global);
    scheme.unit.value = 1.0F / module.divisor;
    bytes += global.entry.bytes;
  }
  return std::make_shared<Float4Source>(std::move(module), std::move(scheme), bytes);
}

/// Error(kInput) unless the group is of that scheme.
void check_group(const JsonCursor& group, const codec::Scheme& scheme) {
  const JsonCursor weights = group.at("weights");
  if (weights.string_or("type", "int") != "float") weights.at("type").fail("expected 'float' in this format");
  if (weights.at("num_bits").as_int64() != 4) weights.at("num_bits").fail("expected 4");
  if (!weights.bool_or("symmetric", true)) weights.at("symmetric").fail("expected floats without zero points");
  if (weights.at("group_size").as_int64() != scheme.group_size) {
    weights.at("group_size").fail(fmt::format("expected {} in this format", scheme.group_size));
  }
  if (group.has("input_activations")) {
    group.at("input_activations").fail("found activations rounded to 4-bit floats, which kerf does not compute with");
  }
  if (group.has("output_activations")) {
    group.at("output_activations").fail("found quantized outputs, which kerf does not read");
  }
}

}  // namespace

std::optional<codec::Scheme> float4_scheme(const JsonCursor& config) {
  const std::string format = config.string_or("format", "");
  if (format == kNvfp4Format) return codec::parse_scheme("nvfp4");
  if (format == kMxfp4Format) return codec::parse_scheme("mxfp4");
  return std::nullopt;
}

std::string_view float4_format(const codec::Scheme& scheme) {
  if (is_nvfp4(scheme)) return kNvfp4Format;
  return scheme.name == "mxfp4" ? kMxfp4Format : "";
}

std::vector<TensorPlan> plan_float4(std::string_view module, const codec::Scheme& scheme, std::int64_t rows,
                                    std::int64_t cols) {
  const auto named = [&](std::string_view suffix) { return fmt::format("{}{}", module, suffix); };
  std::vector<TensorPlan> tensors = {
      {named(kPacked), DType::kU8, {rows, cols / 2}},
      {named(kScale), is_nvfp4(scheme) ? DType::kF8E4M3 : DType::kU8, {rows, scheme.groups(cols)}}};
  if (is_nvfp4(scheme)) tensors.push_back({named(kGlobalScale), DType::kF32, {1}});
  return tensors;
}

std::vector<EncodedTensor> encode_float4(std::string_view module, const codec::QuantizedTensor& weight) {
  std::vector<TensorPlan> tensors = plan_float4(module, weight.scheme, weight.rows, weight.cols);
  std::vector<std::byte> codes(weight.codes.size() / 2);
  pack_bits(weight.codes, 4, codes);  // rows have even lengths
  std::vector<EncodedTensor> encoded;
  encoded.push_back({std::move(tensors[0]), std::move(codes)});
  encoded.push_back({std::move(tensors[1]), bytes_of_small_floats(scales_in_units(weight), weight.scheme.scale_dtype)});
  if (is_nvfp4(weight.scheme)) {
    const float divisor = global_scale(weight.scheme);
    encoded.push_back({std::move(tensors[2]), bytes_of_floats(std::span(&divisor, 1))});
  }
  return encoded;
}

graph::SourceMap decode_float4(const JsonCursor& config, const StoredTensors& tensors) {
  const codec::Scheme scheme = *float4_scheme(config);
  check_nothing_else(config);
  const JsonCursor groups = config.at("config_groups");
  for (const auto& [name, value] : groups.as_object()) check_group(groups.at(name), scheme);
  graph::SourceMap sources;
  std::set<std::string, std::less<>> taken;
  for (const auto& [name, codes] : tensors) {
    const auto module = module_of(name, kPacked);
    if (!module) continue;
    std::string weight = *module + ".weight";
    if (tensors.contains(weight)) codes.fail(fmt::format("stands beside {}, expected one of them", quoted(weight)));
    sources.emplace(std::move(weight), module_source(*module, codes, tensors, scheme));
    for (const std::string_view suffix : {kPacked, kScale, kGlobalScale}) taken.insert(*module + std::string(suffix));
  }
  if (sources.empty()) config.fail("names a quantized model, but no tensor holds codes");
  add_others(tensors, taken, {kScale, kGlobalScale, kInputGlobalScale}, kPacked, sources);
  return sources;
}

}  // namespace kerf::formats::safetensors::compressed_tensors
