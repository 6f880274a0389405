// The layout of AutoAWQ (https://github.com/casper-hansen/AutoAWQ), version GEMM: codes of 4 bits, eight output
// channels of one input channel in a word. Versions GEMV order them otherwise and are not read.
#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "core/threads.h"
#include "formats/safetensors/layouts/codes_source.h"
#include "formats/safetensors/layouts/module_parts.h"

namespace kerf::formats::safetensors {
namespace awq {
namespace {

using codec::Granularity;
using codec::Offset;

constexpr std::string_view kMethod = "awq";
constexpr std::string_view kCodes = ".qweight";
constexpr std::string_view kZeroPoints = ".qzeros";
constexpr std::string_view kScales = ".scales";
constexpr std::int64_t kPerWord = 8;
constexpr std::uint8_t kMiddle = 8;
constexpr std::int64_t kMaxGroupSize = std::int64_t{1} << 30;
constexpr std::array kScaleDtypes = {DType::kF16};
/// The nibble of a word, counted from the low one, that holds channel i of its eight.
constexpr std::array<int, 8> kNibble = {0, 4, 1, 5, 2, 6, 3, 7};

// Writing.

std::optional<std::string> refusal(const ModuleScheme& module, std::int64_t rows, std::int64_t cols) {
  const codec::Scheme& scheme = module.weights;
  if (auto why = integer_refusal(kMethod, module, rows, cols, kScaleDtypes)) return why;
  if (!scheme.quantized()) return std::nullopt;
  if (scheme.offset == Offset::kMinimum) {
    return fmt::format("{} stores a minimum, which awq cannot", scheme.name);
  }
  if (scheme.bits != 4) return fmt::format("{} has {} bits, awq has 4", scheme.name, scheme.bits);
  if (scheme.granularity == Granularity::kTensor) {
    return fmt::format("{} has one scale for the tensor, awq one for each output channel", scheme.name);
  }
  if (scheme.granularity == Granularity::kGroup && cols % scheme.group_size != 0) {
    return fmt::format("groups of {} do not divide {} columns, and awq has no shorter last group", scheme.group_size,
                       cols);
  }
  if (rows % kPerWord != 0) {
    return fmt::format("{} output channels do not fill words of {}, and awq has no shorter ones", rows, kPerWord);
  }
  return std::nullopt;
}

std::vector<TensorPlan> plan(std::string_view module, const ModuleScheme& layout, std::int64_t rows,
                             std::int64_t cols) {
  const auto named = [&](std::string_view suffix) { return fmt::format("{}{}", module, suffix); };
  const std::int64_t groups = layout.weights.groups(cols);
  return {{named(kCodes), DType::kI32, {cols, rows / kPerWord}},
          {named(kZeroPoints), DType::kI32, {groups, rows / kPerWord}},
          {named(kScales), layout.weights.float_scale_dtype(), {groups, rows}}};
}

/// `at(row, line)`: the code of output channel `row` -> [lines, rows / 8] words.
template <typename At>
std::vector<std::byte> packed(std::int64_t lines, std::int64_t rows, At at) {
  std::vector<std::int32_t> words(static_cast<std::size_t>(lines * (rows / kPerWord)));
  parallel_for(lines, [&](std::int64_t line) {
    for (std::int64_t row = 0; row < rows; row += kPerWord) {
      std::uint32_t word = 0;
      for (std::size_t i = 0; i < kNibble.size(); ++i) {
        word |= static_cast<std::uint32_t>(at(row + static_cast<std::int64_t>(i), line)) << (4 * kNibble[i]);
      }
      words[static_cast<std::size_t>((line * rows + row) / kPerWord)] = static_cast<std::int32_t>(word);
    }
  });
  return bytes_of_integers(words);
}

std::vector<EncodedTensor> encode(std::string_view module, const codec::QuantizedTensor& weight,
                                  const codec::ActivationQuantizer*) {
  if (const auto why = refusal(weight.scheme, weight.rows, weight.cols)) throw_usage(*why);
  const std::int64_t groups = weight.groups();
  std::vector<TensorPlan> tensors = plan(module, weight.scheme, weight.rows, weight.cols);
  const std::vector<std::byte> scales = exact_floats(module, "scale", weight.scales, tensors[2].dtype);
  std::vector<EncodedTensor> encoded;
  encoded.push_back({std::move(tensors[0]), packed(weight.cols, weight.rows, [&](std::int64_t row, std::int64_t col) {
                       return weight.codes[static_cast<std::size_t>(row * weight.cols + col)];
                     })});
  encoded.push_back({std::move(tensors[1]), packed(groups, weight.rows, [&](std::int64_t row, std::int64_t group) {
                       return weight.zero_points.empty()
                                  ? kMiddle
                                  : weight.zero_points[static_cast<std::size_t>(row * groups + group)];
                     })});
  encoded.push_back(
      {std::move(tensors[2]), transposed(scales, weight.rows, groups, dtype_bytes(weight.scheme.float_scale_dtype()))});
  return encoded;
}

/// Keys as transformers' AwqConfig has them.
Json make_config(const LayoutModules& modules) {
  const codec::Scheme& first = modules.quantized.front().scheme.weights;
  for (const auto& module : modules.quantized) {
    const codec::Scheme& scheme = module.scheme.weights;
    if (scheme.granularity != first.granularity || scheme.group_size != first.group_size) {
      throw_usage(fmt::format("awq: {} beside {} are not held, one group size has to do for all modules", first.name,
                              scheme.name));
    }
    if (module.head) {
      throw_usage(
          fmt::format("awq cannot hold {} as {}: its consumers read the head in floating point; leave --head "
                      "at its default",
                      quoted(module.name), scheme.name));
    }
  }
  Json config = Json::object();
  config.set("quant_method", kMethod);
  config.set("bits", 4);
  config.set("group_size", first.granularity == Granularity::kGroup ? first.group_size : -1);
  config.set("zero_point", true);
  config.set("version", "gemm");
  Json kept = Json::array();
  for (const std::string& name : modules.unquantized) kept.push_back(name);
  config.set("modules_to_not_convert", modules.unquantized.empty() ? Json() : std::move(kept));
  return config;
}

// Reading.

struct Module {
  std::string name;
  StoredTensor codes, zero_points, scales;
  std::int64_t rows = 0, cols = 0, groups = 0;
};

/// Words [lines, words] -> codes [8 words, lines].
void unpack(std::span<const std::int32_t> words, std::int64_t lines, std::int64_t width,
            std::span<std::uint8_t> codes) {
  for (std::int64_t line = 0; line < lines; ++line) {
    for (std::int64_t w = 0; w < width; ++w) {
      const auto word = static_cast<std::uint32_t>(words[static_cast<std::size_t>(line * width + w)]);
      for (std::size_t i = 0; i < kNibble.size(); ++i) {
        codes[(static_cast<std::size_t>(w * kPerWord) + i) * static_cast<std::size_t>(lines) +
              static_cast<std::size_t>(line)] = static_cast<std::uint8_t>((word >> (4 * kNibble[i])) & 15);
      }
    }
  }
}

class AwqSource : public CodesSource {
 public:
  /// `zero_points`: [rows, groups], empty if symmetric.
  AwqSource(const Module& module, codec::Scheme scheme, std::vector<std::uint8_t> zero_points)
      : CodesSource({.name = module.name,
                     .codes = module.codes,
                     .rows = module.rows,
                     .cols = module.cols,
                     .bytes = module.codes.entry.bytes + module.zero_points.entry.bytes + module.scales.entry.bytes},
                    std::move(scheme)),
        scales_(module.scales),
        zero_points_(std::move(zero_points)) {}

 protected:
  void read_codes(std::int64_t first, std::int64_t count, std::uint8_t* codes) const override {
    const std::int64_t cols = module().cols, begin = first / kPerWord;
    const std::int64_t width = (first + count - 1) / kPerWord + 1 - begin;
    const std::vector<std::byte> bytes = read_columns(module().codes, begin, width);
    std::vector<std::int32_t> words(bytes.size() / 4);
    std::memcpy(words.data(), bytes.data(), bytes.size());
    std::vector<std::uint8_t> all(static_cast<std::size_t>(width * kPerWord * cols));
    unpack(words, cols, width, all);
    const auto from = all.begin() + static_cast<std::ptrdiff_t>((first - begin * kPerWord) * cols);
    std::copy(from, from + static_cast<std::ptrdiff_t>(count * cols), codes);
  }

  void read_parameters(std::int64_t first, std::int64_t count, codec::QuantizedTensor& weight) const override {
    read_channel_scales(scales_, first, count, weight.scales);
    if (weight.zero_points.empty()) return;
    const std::int64_t groups = scales_.entry.shape[0];
    const auto begin = zero_points_.begin() + static_cast<std::ptrdiff_t>(first * groups);
    std::copy(begin, begin + static_cast<std::ptrdiff_t>(count * groups), weight.zero_points.begin());
  }

 private:
  StoredTensor scales_;
  std::vector<std::uint8_t> zero_points_;
};

/// -1: whole columns.
std::int64_t read_group_size(const JsonCursor& config) {
  const std::string version = to_lower_ascii(config.string_or("version", "gemm"));
  if (version != "gemm" && version != "exllama") {
    config.at("version").fail(
        fmt::format("found {}, expected gemm; the others order their codes otherwise and kerf "
                    "does not read them",
                    quoted(version)));
  }
  if (config.string_or("backend", "autoawq") != "autoawq") {
    config.at("backend").fail("found another layout than AutoAWQ's, which kerf does not read");
  }
  const std::string_view bits = config.has("bits") ? "bits" : "w_bit";
  if (config.has(bits) && config.at(bits).as_int64() != 4) config.at(bits).fail("expected 4");
  const std::string_view key = config.has("group_size") ? "group_size" : "q_group_size";
  if (!config.has(key)) return 128;
  const std::int64_t size = config.at(key).as_int64_in(-1, kMaxGroupSize);
  if (size == 0) config.at(key).fail("found 0, expected -1 or a positive number");
  return size;
}

Module find_module(const std::string& name, const StoredTensor& codes, const StoredTensors& tensors,
                   std::int64_t group_size) {
  Module module{.name = name,
                .codes = codes,
                .zero_points = require_part(tensors, codes, name + std::string(kZeroPoints)),
                .scales = require_part(tensors, codes, name + std::string(kScales))};
  expect_matrix(codes, DType::kI32);
  module.cols = codes.entry.shape[0];
  module.rows = codes.entry.shape[1] * kPerWord;
  if (group_size > 0 && module.cols % group_size != 0) {
    codes.fail(fmt::format("has {} input channels, which groups of {} do not divide", module.cols, group_size));
  }
  module.groups = group_size > 0 ? module.cols / group_size : 1;
  expect_tensor(module.zero_points, DType::kI32, {module.groups, codes.entry.shape[1]});
  expect_scales(module.scales, {module.groups, module.rows});
  return module;
}

graph::SourcePtr module_source(const Module& module, std::int64_t group_size) {
  std::vector<std::uint8_t> zeros(static_cast<std::size_t>(module.rows * module.groups));
  unpack(read_integers(module.zero_points), module.groups, module.rows / kPerWord, zeros);
  const bool symmetric = std::all_of(zeros.begin(), zeros.end(), [](std::uint8_t zero) { return zero == kMiddle; });
  if (symmetric) zeros.clear();
  return std::make_shared<AwqSource>(module, integer_scheme(4, group_size, symmetric, module.scales.entry.dtype),
                                     std::move(zeros));
}

graph::SourceMap decode(const JsonCursor& config, const StoredTensors& tensors) {
  const std::int64_t group_size = read_group_size(config);
  graph::SourceMap sources;
  std::set<std::string, std::less<>> taken;
  for (const auto& [name, codes] : tensors) {
    const auto module = module_of(name, kCodes);
    if (!module) continue;
    std::string weight = *module + ".weight";
    if (tensors.contains(weight)) codes.fail(fmt::format("stands beside {}, expected one of them", quoted(weight)));
    sources.emplace(std::move(weight), module_source(find_module(*module, codes, tensors, group_size), group_size));
    for (const std::string_view suffix : {kCodes, kZeroPoints, kScales}) taken.insert(*module + std::string(suffix));
  }
  if (sources.empty()) config.fail("names a quantized model, but no tensor holds codes (NAME.qweight)");
  add_others(tensors, taken, {kZeroPoints, kScales}, kCodes, sources);
  return sources;
}

}  // namespace
}  // namespace awq

const LayoutInfo& awq_layout() {
  static const LayoutInfo layout{
      .name = awq::kMethod,
      .summary = "AutoAWQ's layout (GEMM): codes of 4 bits with zero points, a scale a channel or group",
      .refusal = awq::refusal,
      .plan = awq::plan,
      .encode = awq::encode,
      .config = awq::make_config,
      .decode = awq::decode,
  };
  return layout;
}

}  // namespace kerf::formats::safetensors
