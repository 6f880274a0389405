// The layout of mlx-lm (https://github.com/ml-explore/mlx-lm): codes packed along the rows without gaps, a scale and a
// bias for each group of columns, w = scale * code + bias; and its modes of small floats. Embeddings are held too.
#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "core/threads.h"
#include "formats/safetensors/layouts/bit_packing.h"
#include "formats/safetensors/layouts/codes_source.h"
#include "formats/safetensors/layouts/mlx_experts.h"
#include "formats/safetensors/layouts/module_parts.h"

namespace kerf::formats::safetensors {
namespace mlx {
namespace {

using codec::Granularity;
using codec::Offset;

constexpr std::string_view kName = "mlx";
constexpr std::string_view kCodes = ".weight";
constexpr std::string_view kScales = ".scales";
constexpr std::string_view kBiases = ".biases";
constexpr std::string_view kAffine = "affine";
constexpr std::array<std::int64_t, 3> kGroupSizes = {32, 64, 128};

/// A mode of small floats, and the scheme whose numbers it has.
struct FloatMode {
  std::string_view name;
  std::int64_t group_size;
  int bits;
  DType scales;  ///< what their bytes are
  bool written;  ///< nvfp4 has no place for a tensor's own unit
};
constexpr std::array kFloatModes = {FloatMode{"mxfp4", 32, 4, DType::kE8M0, true},
                                    FloatMode{"mxfp8", 32, 8, DType::kE8M0, true},
                                    FloatMode{"nvfp4", 16, 4, DType::kF8E4M3, false}};

const FloatMode* find_mode(std::string_view name) {
  const auto found =
      std::find_if(kFloatModes.begin(), kFloatModes.end(), [&](const FloatMode& mode) { return mode.name == name; });
  return found == kFloatModes.end() ? nullptr : found;
}

/// What a config says of a module.
struct Settings {
  std::int64_t group_size = 64;
  int bits = 4;
  std::string mode{kAffine};
  bool operator==(const Settings&) const = default;
};

// Writing.

const FloatMode* written_mode(const codec::Scheme& scheme) {
  const FloatMode* mode = find_mode(scheme.name);
  return mode != nullptr && mode->written ? mode : nullptr;
}

/// "mxfp4 and mxfp8"
std::string written_modes() {
  std::vector<std::string> names;
  for (const FloatMode& mode : kFloatModes) {
    if (mode.written) names.emplace_back(mode.name);
  }
  return join(names, " and ");
}

bool is_group_size(std::int64_t size) {
  return std::find(kGroupSizes.begin(), kGroupSizes.end(), size) != kGroupSizes.end();
}

std::optional<std::string> integer_reason(const codec::Scheme& scheme) {
  if (scheme.bits == 7) return fmt::format("{} has 7 bits, mlx has 2, 3, 4, 5, 6 or 8", scheme.name);
  if (scheme.granularity != Granularity::kGroup || !is_group_size(scheme.group_size)) {
    return fmt::format("{} has no groups of 32, 64 or 128 columns, which mlx wants", scheme.name);
  }
  if (scheme.offset == Offset::kZeroPoint) {
    return fmt::format("{} has zero points, and mlx stores their product with the scale, which would be rounded",
                       scheme.name);
  }
  if (scheme.offset == Offset::kSymmetric && scheme.scale_dtype == DType::kF32) {
    return fmt::format("{} with scales of f32 would be rounded when mlx adds its bias; --scale-dtype f16 is exact",
                       scheme.name);
  }
  return std::nullopt;
}

std::optional<std::string> refusal(const ModuleScheme& module, std::int64_t rows, std::int64_t cols) {
  constexpr std::array kScaleDtypes = {DType::kF16, DType::kBF16, DType::kF32};
  const codec::Scheme& scheme = module.weights;
  if (!scheme.quantized() && !module.activations) return std::nullopt;
  if (written_mode(scheme) == nullptr || module.activations) {
    if (scheme.name == "nvfp4") {
      return "nvfp4 has a scale of the tensor beside those of its groups, for which mlx has no place";
    }
    if (scheme.quantized() && !scheme.plain_integer() && !module.activations) {
      return fmt::format("mlx holds integers with scales of their own, {}, not {}", written_modes(), scheme.name);
    }
    if (auto why = integer_refusal(kName, module, rows, cols, kScaleDtypes)) return why;
    if (auto why = integer_reason(scheme)) return why;
  }
  if (rows <= 0 || cols <= 0) return fmt::format("a weight of shape [{}, {}] is empty", rows, cols);
  if (cols % scheme.group_size != 0) {
    return fmt::format("groups of {} do not divide {} columns, and mlx has no shorter last group", scheme.group_size,
                       cols);
  }
  return std::nullopt;
}

std::vector<TensorPlan> plan(std::string_view module, const ModuleScheme& layout, std::int64_t rows,
                             std::int64_t cols) {
  const codec::Scheme& scheme = layout.weights;
  const auto named = [&](std::string_view suffix) { return fmt::format("{}{}", module, suffix); };
  const Shape groups = {rows, scheme.groups(cols)};
  std::vector<TensorPlan> tensors = {{named(kCodes), DType::kU32, {rows, packed_words(cols, scheme.bits)}}};
  if (written_mode(scheme) != nullptr) {
    tensors.push_back({named(kScales), DType::kU8, groups});
    return tensors;
  }
  tensors.push_back({named(kScales), scheme.float_scale_dtype(), groups});
  tensors.push_back({named(kBiases), scheme.float_scale_dtype(), groups});
  return tensors;
}

std::vector<std::byte> code_words(const codec::QuantizedTensor& weight) {
  const auto cols = static_cast<std::size_t>(weight.cols);
  const auto width = static_cast<std::size_t>(packed_words(weight.cols, weight.scheme.bits)) * 4;
  std::vector<std::byte> bytes(static_cast<std::size_t>(weight.rows) * width);
  parallel_for(weight.rows, [&](std::int64_t row) {
    const auto at = static_cast<std::size_t>(row);
    pack_bits(std::span(weight.codes).subspan(at * cols, cols), weight.scheme.bits,
              std::span(bytes).subspan(at * width, width));
  });
  return bytes;
}

/// The bias that makes a symmetric group of an affine one; exact, but for what it may overflow.
float symmetric_bias(float scale, int bits) { return -static_cast<float>(1 << (bits - 1)) * scale; }

std::vector<float> biases_of(const codec::QuantizedTensor& weight) {
  std::vector<float> biases = weight.minima;
  if (weight.scheme.offset == Offset::kSymmetric) {
    biases.resize(weight.scales.size());
    std::transform(weight.scales.begin(), weight.scales.end(), biases.begin(),
                   [&](float scale) { return symmetric_bias(scale, weight.scheme.bits); });
    return biases;
  }
  for (float& bias : biases) bias += 0.0F;  // never -0, which is a symmetric group's of scale 0
  return biases;
}

std::vector<EncodedTensor> encode(std::string_view module, const codec::QuantizedTensor& weight,
                                  const codec::ActivationQuantizer*) {
  if (const auto why = refusal(weight.scheme, weight.rows, weight.cols)) throw_usage(*why);
  std::vector<TensorPlan> tensors = plan(module, weight.scheme, weight.rows, weight.cols);
  std::vector<EncodedTensor> encoded;
  encoded.push_back({std::move(tensors[0]), code_words(weight)});
  if (const FloatMode* mode = written_mode(weight.scheme)) {
    encoded.push_back({std::move(tensors[1]), bytes_of_small_floats(weight.scales, mode->scales)});
    return encoded;
  }
  const DType dtype = weight.scheme.float_scale_dtype();
  encoded.push_back({std::move(tensors[1]), exact_floats(module, "scale", weight.scales, dtype)});
  encoded.push_back({std::move(tensors[2]), exact_floats(module, "bias", biases_of(weight), dtype)});
  return encoded;
}

Settings settings_of(const codec::Scheme& scheme) {
  const FloatMode* mode = written_mode(scheme);
  return {scheme.group_size, scheme.bits, std::string(mode == nullptr ? kAffine : mode->name)};
}

Json settings_json(const Settings& settings) {
  Json json = Json::object();
  json.set("group_size", settings.group_size);
  json.set("bits", settings.bits);
  json.set("mode", settings.mode);
  return json;
}

/// The settings of the most modules, and those of the others by name; modules without scales are left alone.
Json make_config(const LayoutModules& modules) {
  std::vector<std::pair<Settings, int>> counts;
  for (const auto& module : modules.quantized) {
    const Settings settings = settings_of(module.scheme.weights);
    const auto known = std::find_if(counts.begin(), counts.end(), [&](const auto& c) { return c.first == settings; });
    if (known == counts.end()) {
      counts.emplace_back(settings, 1);
    } else {
      ++known->second;
    }
  }
  const Settings common = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
                            return a.second < b.second;
                          })->first;
  Json config = settings_json(common);
  for (const auto& module : modules.quantized) {
    const Settings settings = settings_of(module.scheme.weights);
    if (settings != common) config.set(module.name, settings_json(settings));
  }
  return config;
}

// Reading.

Settings read_settings(const JsonCursor& json) {
  Settings settings;
  settings.mode = json.string_or("mode", std::string(kAffine));
  const FloatMode* mode = find_mode(settings.mode);
  if (mode == nullptr && settings.mode != kAffine) {
    json.at("mode").fail(fmt::format("found {}, expected affine, mxfp4, mxfp8 or nvfp4", quoted(settings.mode)));
  }
  if (mode != nullptr) settings = {mode->group_size, mode->bits, settings.mode};
  if (json.has("bits")) settings.bits = static_cast<int>(json.at("bits").as_int64_in(2, 8));
  if (json.has("group_size")) settings.group_size = json.at("group_size").as_int64_in(1, std::int64_t{1} << 20);
  if (mode != nullptr && (settings.bits != mode->bits || settings.group_size != mode->group_size)) {
    json.fail(fmt::format("says {} bits in groups of {}, expected {} in groups of {} for {}", settings.bits,
                          settings.group_size, mode->bits, mode->group_size, mode->name));
  }
  return settings;
}

/// Of one module: what its own entry says, or the model's.
Settings settings_for(const std::string& module, const JsonCursor& config, const Settings& common) {
  const auto own = config.get(module);
  if (!own || own->json().is_bool()) return common;
  return read_settings(*own);
}

struct Module {
  std::string name;
  StoredTensor codes, scales;
  std::optional<StoredTensor> biases;
  Settings settings;
  std::int64_t rows = 0, cols = 0;
};

class MlxSource : public CodesSource {
 public:
  MlxSource(const Module& module, codec::Scheme scheme, std::optional<DType> scale_bytes)
      : CodesSource({.name = module.name,
                     .codes = module.codes,
                     .rows = module.rows,
                     .cols = module.cols,
                     .bytes = module.codes.entry.bytes + module.scales.entry.bytes +
                              (module.biases ? module.biases->entry.bytes : 0)},
                    std::move(scheme)),
        scales_(module.scales),
        biases_(module.biases),
        scale_bytes_(scale_bytes) {}

 protected:
  void read_codes(std::int64_t first, std::int64_t count, std::uint8_t* codes) const override {
    const auto width = static_cast<std::size_t>(module().codes.entry.shape[1]) * 4;
    const auto cols = static_cast<std::size_t>(module().cols);
    std::vector<std::byte> bytes(static_cast<std::size_t>(count) * width);
    module().codes.read(static_cast<std::uint64_t>(first) * width, bytes);
    for (std::size_t row = 0; row < static_cast<std::size_t>(count); ++row) {
      unpack_bits(std::span(bytes).subspan(row * width, width), layout_scheme().bits,
                  std::span(codes + row * cols, cols));
    }
  }

  void read_parameters(std::int64_t first, std::int64_t, codec::QuantizedTensor& weight) const override {
    const auto begin = static_cast<std::uint64_t>(first * scales_.entry.shape[1]);
    read_numbers(scales_, begin, weight.scales, scale_bytes_);
    if (!weight.minima.empty()) read_numbers(*biases_, begin, weight.minima);
  }

 private:
  StoredTensor scales_;
  std::optional<StoredTensor> biases_;
  std::optional<DType> scale_bytes_;
};

/// Is every bias the one that makes its group symmetric? Then the weight has a symmetric scheme: the same values.
bool is_symmetric(const Module& module) {
  if (module.scales.entry.dtype == DType::kF32) return false;
  constexpr std::uint64_t kAtATime = std::uint64_t{1} << 16;
  const auto count = static_cast<std::uint64_t>(numel(module.scales.entry.shape));
  std::vector<float> scales, biases;
  for (std::uint64_t first = 0; first < count; first += kAtATime) {
    scales.resize(std::min(kAtATime, count - first));
    biases.resize(scales.size());
    read_numbers(module.scales, first, scales);
    read_numbers(*module.biases, first, biases);
    for (std::size_t i = 0; i < scales.size(); ++i) {
      const float bias = symmetric_bias(scales[i], module.settings.bits);
      if (std::bit_cast<std::uint32_t>(bias) != std::bit_cast<std::uint32_t>(biases[i])) return false;
    }
  }
  return true;
}

Module find_module(const std::string& name, const StoredTensor& scales, const StoredTensors& tensors,
                   const Settings& settings) {
  Module module{.name = name,
                .codes = require_part(tensors, scales, name + std::string(kCodes)),
                .scales = scales,
                .biases = std::nullopt,
                .settings = settings};
  expect_matrix(module.codes, DType::kU32);
  if (scales.entry.shape.size() != 2 || scales.entry.bytes == 0) {
    scales.fail(fmt::format("has shape {}, expected a matrix", to_string(scales.entry.shape)));
  }
  module.rows = module.codes.entry.shape[0];
  const std::int64_t words = module.codes.entry.shape[1], groups = scales.entry.shape[1];
  // Before they are multiplied: both are bounded by the file.
  if (groups > words * 32) scales.fail(fmt::format("has {} groups a row for {} words of codes", groups, words));
  module.cols = groups * settings.group_size;
  if (packed_words(module.cols, settings.bits) != words || module.cols * settings.bits % 32 != 0) {
    module.codes.fail(fmt::format("has {} words a row, expected {} for {} groups of {} codes of {} bits", words,
                                  packed_words(module.cols, settings.bits), groups, settings.group_size,
                                  settings.bits));
  }
  return module;
}

graph::SourcePtr module_source(Module module, const StoredTensors& tensors) {
  const Shape groups = {module.rows, module.scales.entry.shape[1]};
  if (const FloatMode* mode = find_mode(module.settings.mode)) {
    expect_tensor(module.scales, DType::kU8, groups);
    return std::make_shared<MlxSource>(module, codec::parse_scheme(mode->name), mode->scales);
  }
  expect_scales(module.scales, groups);
  module.biases = require_part(tensors, module.scales, module.name + std::string(kBiases));
  expect_tensor(*module.biases, module.scales.entry.dtype, groups);
  codec::Scheme scheme =
      integer_scheme(module.settings.bits, module.settings.group_size, true, module.scales.entry.dtype);
  if (!is_symmetric(module)) {
    scheme.offset = Offset::kMinimum;
    scheme.name += "-min";
  }
  return std::make_shared<MlxSource>(module, std::move(scheme), std::nullopt);
}

graph::SourceMap decode(const JsonCursor& config, const StoredTensors& stored) {
  const Settings common = read_settings(config);
  const StoredTensors tensors = unstack_experts(stored);
  graph::SourceMap sources;
  std::set<std::string, std::less<>> taken;
  for (const auto& [name, scales] : tensors) {
    const auto module = module_of(name, kScales);
    if (!module) continue;
    const Settings settings = settings_for(stacked_name(*module), config, common);
    sources.emplace(*module + std::string(kCodes),
                    module_source(find_module(*module, scales, tensors, settings), tensors));
    for (const std::string_view suffix : {kCodes, kScales, kBiases}) taken.insert(*module + std::string(suffix));
  }
  if (sources.empty()) config.fail("names a quantized model, but no tensor holds scales (NAME.scales)");
  add_others(tensors, taken, {kBiases}, kScales, sources);
  return sources;
}

}  // namespace
}  // namespace mlx

const LayoutInfo& mlx_layout() {
  static const LayoutInfo layout{
      .name = mlx::kName,
      .summary =
          "mlx-lm's layout: codes of 2 to 6 or 8 bits in groups of 32, 64 or 128 with a scale and a bias; MXFP4, "
          "MXFP8",
      .refusal = mlx::refusal,
      .plan = mlx::plan,
      .encode = mlx::encode,
      .config = mlx::make_config,
      .decode = mlx::decode,
      .embeddings = true,
      .stack = mlx::stacked_name,
      .config_keys = {"quantization", "quantization_config"},
  };
  return layout;
}

}  // namespace kerf::formats::safetensors
