#include "formats/safetensors/layouts/scaled_floats.h"

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "codec/quantized_tensor.h"
#include "core/checked.h"
#include "core/strings.h"

namespace kerf::formats::safetensors {
namespace {

constexpr std::string_view kWeight = ".weight";
/// DeepSeek and transformers call the factor of the way back "inverse"; it multiplies under either name.
constexpr std::array<std::string_view, 2> kScales = {".weight_scale_inv", ".weight_scale"};
constexpr std::array<std::string_view, 2> kActivationScales = {".input_scale", ".activation_scale"};
constexpr std::int64_t kLargestBlock = std::int64_t{1} << 30;
/// Values that are converted at a time.
constexpr std::int64_t kSlabValues = std::int64_t{1} << 18;

bool is_f8(DType dtype) { return dtype == DType::kF8E4M3 || dtype == DType::kF8E5M2; }

/// 2^(code - 127), and NaN for the highest code: OCP's scale format.
float e8m0_value(std::byte code) {
  const auto exponent = std::to_integer<std::uint32_t>(code);
  if (exponent == 255) return std::bit_cast<float>(std::uint32_t{0x7fc00000});
  return std::bit_cast<float>(exponent == 0 ? std::uint32_t{1} << 22 : exponent << 23);
}

class ScaledSource : public graph::TensorSource {
 public:
  ScaledSource(StoredTensor weight, StoredTensor scale, ScaleBlock block)
      : TensorSource(DType::kF32, weight.entry.shape, fmt::format("{}: {}", weight.file->path(), weight.place())),
        weight_(std::move(weight)),
        scale_(std::move(scale)),
        block_(block) {}

  std::uint64_t stored_bytes() const override { return weight_.entry.bytes + scale_.entry.bytes; }
  std::string stored_as() const override {
    const std::string dtype(dtype_name(weight_.entry.dtype));
    if (block_.rows >= rows() && block_.cols >= row_size()) return dtype + " with a scale";
    if (block_.rows == 1) return dtype + " with scales";
    return fmt::format("{} with scales of {}x{}", dtype, block_.rows, block_.cols);
  }

  /// It counts as floats all the same: scheme() says nothing of it. Who checks values wants to know their steps.
  std::optional<codec::QuantizedTensor> read_quantized() const override {
    if (shape().size() != 2 || numel(shape()) == 0) return std::nullopt;
    codec::QuantizedTensor tensor = codec::make_quantized(scheme_of_codes(), rows(), row_size());
    weight_.read(0, std::as_writable_bytes(std::span(tensor.codes)));
    tensor.scales = read_scales(0, div_up(rows(), block_.rows));
    return tensor;
  }

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const std::int64_t cols = row_size();
    const std::int64_t slab = std::max<std::int64_t>(kSlabValues / std::max<std::int64_t>(cols, 1), 1);
    for (std::int64_t done = 0; done < count; done += slab) {
      read_slab(first + done, std::min(slab, count - done), out + done * cols);
    }
  }

 private:
  codec::Scheme scheme_of_codes() const {
    codec::Scheme scheme = codec::parse_scheme(dtype_name(weight_.entry.dtype));
    scheme.scale_dtype = scale_.entry.dtype;
    if (block_.cols >= row_size() && block_.rows == 1) return scheme;
    scheme.granularity = codec::Granularity::kBlock;
    scheme.block_rows = block_.rows;
    scheme.group_size = block_.cols;
    return scheme;
  }

  void read_slab(std::int64_t first, std::int64_t count, float* out) const {
    const std::int64_t cols = row_size();
    if (cols == 0 || count == 0) return;
    const std::span<float> values(out, static_cast<std::size_t>(count * cols));
    std::vector<std::byte> bytes(values.size());
    weight_.read(static_cast<std::uint64_t>(first * cols), bytes);
    codec::decode_floats(weight_.entry.dtype, bytes, values);
    const std::int64_t first_block = first / block_.rows, width = div_up(cols, block_.cols);
    const std::vector<float> scales = read_scales(first_block, (first + count - 1) / block_.rows + 1 - first_block);
    for (std::int64_t row = 0; row < count; ++row) {
      const float* scale = scales.data() + ((first + row) / block_.rows - first_block) * width;
      float* line = out + row * cols;
      for (std::int64_t begin = 0; begin < cols; begin += block_.cols, ++scale) {
        const std::int64_t end = std::min(cols, begin + block_.cols);
        for (std::int64_t c = begin; c < end; ++c) line[c] *= *scale;
      }
    }
    // Finite values can still overflow when multiplied.
    check_finite(values, static_cast<std::uint64_t>(first * cols), shape(), weight_.file->path(), weight_.place());
  }

  /// Scales of `count` rows of blocks.
  std::vector<float> read_scales(std::int64_t first, std::int64_t count) const {
    const std::int64_t width = div_up(row_size(), block_.cols);
    const DType dtype = scale_.entry.dtype;
    std::vector<float> scales(static_cast<std::size_t>(count * width));
    std::vector<std::byte> bytes(scales.size() * dtype_bytes(dtype));
    scale_.read(static_cast<std::uint64_t>(first * width) * dtype_bytes(dtype), bytes);
    if (dtype == DType::kE8M0) {
      std::transform(bytes.begin(), bytes.end(), scales.begin(), e8m0_value);
    } else {
      codec::decode_floats(dtype, bytes, scales);
    }
    check_finite(scales, static_cast<std::uint64_t>(first * width), scale_.entry.shape, scale_.file->path(),
                 scale_.place());
    return scales;
  }

  StoredTensor weight_, scale_;
  ScaleBlock block_;
};

void check_scale_dtype(const StoredTensor& scale) {
  const DType dtype = scale.entry.dtype;
  if (dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kE8M0) return;
  scale.fail(fmt::format("is {}, expected scales of f32, f16, bf16 or e8m0", dtype_name(dtype)));
}

ScaleBlock find_block(const StoredTensor& weight, const StoredTensor& scale, const std::optional<ScaleBlock>& block) {
  const Shape& shape = weight.entry.shape;
  const Shape& found = scale.entry.shape;
  const std::int64_t rows = shape.empty() ? 1 : shape.front();
  const std::int64_t cols = rows == 0 ? 0 : numel(shape) / rows;
  std::string expected = "one scale";
  if (shape.size() == 2) {
    if (block) {
      const Shape grid = {div_up(rows, block->rows), div_up(cols, block->cols)};
      if (found == grid) return *block;
      expected = fmt::format("{} for blocks of {} x {}, ", to_string(grid), block->rows, block->cols) + expected;
    }
    if (found == Shape{rows} || found == Shape{rows, 1}) return {1, std::max<std::int64_t>(cols, 1)};
    expected += fmt::format(" or {}", to_string(Shape{rows, 1}));
  }
  if (numel(found) == 1) return {std::max<std::int64_t>(rows, 1), std::max<std::int64_t>(cols, 1)};
  scale.fail(
      fmt::format("has shape {}, expected {} for a weight of shape {}", to_string(found), expected, to_string(shape)));
}

/// A scale without its weight would go unnoticed otherwise.
void check_no_orphan(const std::string& name, const StoredTensor& scale, const StoredTensors& tensors) {
  for (const std::string_view suffix : kScales) {
    if (!ends_with(name, suffix)) continue;
    const std::string weight = name.substr(0, name.size() - suffix.size()) + std::string(kWeight);
    const auto found = tensors.find(weight);
    if (found == tensors.end()) scale.fail(fmt::format("has no {} beside it", quoted(weight)));
    if (!is_f8(found->second.entry.dtype)) {
      found->second.fail(fmt::format("is {} and has {} beside it, expected 8-bit floats",
                                     dtype_name(found->second.entry.dtype), quoted(name)));
    }
  }
}

}  // namespace

bool is_activation_scale(std::string_view tensor) {
  return std::any_of(kActivationScales.begin(), kActivationScales.end(),
                     [&](std::string_view suffix) { return ends_with(tensor, suffix); });
}

const StoredTensor* find_scale(const StoredTensors& tensors, std::string_view name) {
  if (!ends_with(name, kWeight)) return nullptr;
  for (const std::string_view suffix : kScales) {
    const auto found = tensors.find(std::string(name.substr(0, name.size() - kWeight.size())) + std::string(suffix));
    if (found != tensors.end()) return &found->second;
  }
  return nullptr;
}

std::optional<ScaleBlock> read_scale_block(const JsonCursor& config, std::string_view key) {
  const auto sizes = config.get(key);
  if (!sizes) return std::nullopt;
  if (sizes->as_array().size() != 2) sizes->fail("expected two sizes, rows and columns");
  return ScaleBlock{sizes->at(std::size_t{0}).as_int64_in(1, kLargestBlock),
                    sizes->at(std::size_t{1}).as_int64_in(1, kLargestBlock)};
}

graph::SourceMap decode_scaled_floats(const JsonCursor& config, const StoredTensors& tensors,
                                      std::optional<ScaleBlock> block) {
  graph::SourceMap sources;
  std::set<std::string, std::less<>> scales;
  for (const auto& [name, tensor] : tensors) {
    if (!is_f8(tensor.entry.dtype)) continue;
    const StoredTensor* scale = find_scale(tensors, name);
    if (scale == nullptr) tensor.fail(fmt::format("is {} and has no scale beside it", dtype_name(tensor.entry.dtype)));
    check_scale_dtype(*scale);
    sources.emplace(name, std::make_shared<ScaledSource>(tensor, *scale, find_block(tensor, *scale, block)));
    scales.insert(scale->name);
  }
  if (sources.empty()) config.fail("says that weights are 8-bit floats, but no tensor is");
  for (const auto& [name, tensor] : tensors) {
    if (sources.contains(name) || scales.contains(name) || is_activation_scale(name)) continue;
    check_no_orphan(name, tensor, tensors);
    sources.emplace(name, make_source(tensor));
  }
  return sources;
}

}  // namespace kerf::formats::safetensors
