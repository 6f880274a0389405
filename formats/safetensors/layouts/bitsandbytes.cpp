#include "formats/safetensors/layouts/bitsandbytes.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/module_parts.h"

namespace kerf::formats::safetensors {
namespace bitsandbytes {
namespace {

using codec::Granularity;
using codec::Offset;
using Kind = codec::Scheme::Kind;

constexpr std::array<std::int64_t, 7> kBlockSizes = {64, 128, 256, 512, 1024, 2048, 4096};
constexpr std::array kScaleDtypes = {DType::kF16, DType::kBF16, DType::kF32};

bool is_int8(const codec::Scheme& scheme) { return scheme.kind == Kind::kInteger; }

/// "nf4" or "fp4"; empty for other tables.
std::string_view table_of(const codec::Scheme& scheme) {
  if (scheme.kind != Kind::kTable) return "";
  const std::string_view name = scheme.levels->name;
  return name == "nf4" || name == "fp4" ? name : "";
}

std::optional<std::string> int8_reason(const codec::Scheme& scheme) {
  if (scheme.bits != 8 || scheme.offset != Offset::kSymmetric || scheme.granularity != Granularity::kChannel) {
    return fmt::format("of integers bitsandbytes holds int8, symmetric with a scale a row, not {}", scheme.name);
  }
  if (scheme.scale_dtype == DType::kF32) {
    return "scales of f32 are not held with int8: the file has 127 times the scale, which is exact for f16 and bf16; "
           "--scale-dtype f16 makes such";
  }
  return std::nullopt;
}

std::optional<std::string> table_reason(const codec::Scheme& scheme, std::int64_t cols) {
  const std::string_view table = table_of(scheme);
  if (table.empty()) {
    return fmt::format("bitsandbytes holds nf4 and fp4 in groups, and int8, not {}", scheme.name);
  }
  const bool is_block = std::find(kBlockSizes.begin(), kBlockSizes.end(), scheme.group_size) != kBlockSizes.end();
  if (scheme.granularity != Granularity::kGroup || !is_block) {
    return fmt::format("{} has no groups of 64, 128, 256, 512, 1024, 2048 or 4096, which bitsandbytes wants",
                       scheme.name);
  }
  if (cols % scheme.group_size != 0) {
    return fmt::format("groups of {} do not divide {} columns, and bitsandbytes goes on in the next row",
                       scheme.group_size, cols);
  }
  return std::nullopt;
}

std::optional<std::string> refusal(const ModuleScheme& module, std::int64_t rows, std::int64_t cols) {
  const codec::Scheme& scheme = module.weights;
  if (module.activations) {
    return fmt::format("bitsandbytes cannot say that activations are rounded ({}); compressed-tensors can",
                       module.activations->name);
  }
  if (!scheme.quantized()) return std::nullopt;
  if (scheme.has_super_blocks()) {
    return fmt::format("bitsandbytes holds nf4 and fp4 in groups, and int8, not {}", scheme.name);
  }
  if (auto why = is_int8(scheme) ? int8_reason(scheme) : table_reason(scheme, cols)) return why;
  if (rows <= 0 || cols <= 0) return fmt::format("a weight of shape [{}, {}] is empty", rows, cols);
  if (std::find(kScaleDtypes.begin(), kScaleDtypes.end(), scheme.float_scale_dtype()) == kScaleDtypes.end()) {
    return fmt::format("scales of {} are not held, only {}", dtype_name(scheme.scale_dtype), dtype_list(kScaleDtypes));
  }
  return std::nullopt;
}

/// What is no tensor of its own, as Python's json.dumps() has it. The dtype is that of the values: f32, so that none is
/// rounded.
std::string state_text(const codec::Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  return fmt::format(R"({{"quant_type": "{}", "blocksize": {}, "dtype": "float32", "shape": [{}, {}]}})",
                     table_of(scheme), scheme.group_size, rows, cols);
}

std::vector<TensorPlan> plan(std::string_view module, const ModuleScheme& layout, std::int64_t rows,
                             std::int64_t cols) {
  const codec::Scheme& scheme = layout.weights;
  const std::string name(module), weight = name + std::string(kWeight);
  if (is_int8(scheme)) {
    return {{weight, DType::kI8, {rows, cols}},
            {name + std::string(kScb), DType::kF32, {rows}},
            {name + std::string(kFormat), DType::kU8, {}}};
  }
  const std::string state = weight + std::string(kQuantState) + std::string(table_of(scheme));
  return {{weight, DType::kU8, {rows * cols / 2, 1}},
          {weight + std::string(kAbsmax), DType::kF32, {rows * scheme.groups(cols)}},
          {weight + std::string(kQuantMap), DType::kF32, {static_cast<std::int64_t>(scheme.levels->values.size())}},
          {state, DType::kU8, {static_cast<std::int64_t>(state_text(scheme, rows, cols).size())}}};
}

/// The first of two codes in the high bits.
std::vector<std::byte> nibbles(std::span<const std::uint8_t> codes) {
  std::vector<std::byte> bytes(codes.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::byte>((codes[2 * i] << 4) | codes[2 * i + 1]);
  }
  return bytes;
}

std::vector<std::byte> signed_codes(std::span<const std::uint8_t> codes) {
  std::vector<std::byte> bytes(codes.size());
  std::transform(codes.begin(), codes.end(), bytes.begin(),
                 [](std::uint8_t code) { return static_cast<std::byte>(static_cast<std::int8_t>(code - 128)); });
  return bytes;
}

std::vector<float> largest_of_rows(std::string_view module, const codec::QuantizedTensor& weight) {
  std::vector<float> largest(weight.scales.size());
  for (std::size_t i = 0; i < largest.size(); ++i) {
    largest[i] = weight.scales[i] * kHighestCode;
    if (largest[i] / kHighestCode != weight.scales[i]) {
      throw_input("", fmt::format("module {}", quoted(module)),
                  fmt::format("127 times the scale {} is not exact in f32", weight.scales[i]));
    }
  }
  return largest;
}

std::vector<EncodedTensor> encode(std::string_view module, const codec::QuantizedTensor& weight,
                                  const codec::ActivationQuantizer*) {
  const codec::Scheme& scheme = weight.scheme;
  if (const auto why = refusal(scheme, weight.rows, weight.cols)) throw_usage(*why);
  std::vector<TensorPlan> tensors = plan(module, scheme, weight.rows, weight.cols);
  std::vector<EncodedTensor> encoded;
  if (is_int8(scheme)) {
    encoded.push_back({std::move(tensors[0]), signed_codes(weight.codes)});
    encoded.push_back({std::move(tensors[1]),
                       exact_floats(module, "127 times the scale", largest_of_rows(module, weight), DType::kF32)});
    encoded.push_back({std::move(tensors[2]), {std::byte{0}}});  // rows, the format that is left
    return encoded;
  }
  const std::string text = state_text(scheme, weight.rows, weight.cols);
  const auto state = std::as_bytes(std::span(text));
  encoded.push_back({std::move(tensors[0]), nibbles(weight.codes)});
  encoded.push_back({std::move(tensors[1]), exact_floats(module, "scale", weight.scales, DType::kF32)});
  encoded.push_back({std::move(tensors[2]), bytes_of_floats(scheme.levels->values)});
  encoded.push_back({std::move(tensors[3]), {state.begin(), state.end()}});
  return encoded;
}

/// Keys as transformers' BitsAndBytesConfig has them.
Json make_config(const LayoutModules& modules) {
  const codec::Scheme& first = modules.quantized.front().scheme.weights;
  for (const auto& module : modules.quantized) {
    const codec::Scheme& scheme = module.scheme.weights;
    if (is_int8(scheme) != is_int8(first) || table_of(scheme) != table_of(first)) {
      throw_usage(fmt::format("bitsandbytes: {} beside {} are not held, one type of codes has to do for all modules",
                              first.name, scheme.name));
    }
  }
  Json skipped = Json::array();
  for (const std::string& name : modules.unquantized) skipped.push_back(name);
  Json config = Json::object();
  config.set("quant_method", kName);
  for (const char* key : {"load_in_4bit", "_load_in_4bit"}) config.set(key, !is_int8(first));
  for (const char* key : {"load_in_8bit", "_load_in_8bit"}) config.set(key, is_int8(first));
  config.set("bnb_4bit_compute_dtype", "float32");
  config.set("bnb_4bit_quant_storage", "uint8");
  config.set("bnb_4bit_quant_type", is_int8(first) ? "fp4" : table_of(first));
  config.set("bnb_4bit_use_double_quant", false);
  config.set("llm_int8_enable_fp32_cpu_offload", false);
  config.set("llm_int8_has_fp16_weight", false);
  config.set("llm_int8_skip_modules", std::move(skipped));
  config.set("llm_int8_threshold", 6.0);
  return config;
}

}  // namespace
}  // namespace bitsandbytes

const LayoutInfo& bitsandbytes_layout() {
  static const LayoutInfo layout{
      .name = bitsandbytes::kName,
      .summary = "bitsandbytes' layouts: NF4 and FP4 in blocks with f32 scales, and LLM.int8()'s int8",
      .refusal = bitsandbytes::refusal,
      .plan = bitsandbytes::plan,
      .encode = bitsandbytes::encode,
      .config = bitsandbytes::make_config,
      .decode = bitsandbytes::decode,
      .conv1d = true,
  };
  return layout;
}

}  // namespace kerf::formats::safetensors
