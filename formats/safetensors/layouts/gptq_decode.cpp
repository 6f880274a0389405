#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/bit_packing.h"
#include "formats/safetensors/layouts/codes_source.h"
#include "formats/safetensors/layouts/gptq.h"
#include "formats/safetensors/layouts/module_parts.h"

namespace kerf::formats::safetensors::gptq {
namespace {

struct Module {
  std::string name;
  StoredTensor codes, zero_points, scales;
  const StoredTensor* index = nullptr;  ///< g_idx, if there is one
  std::int64_t rows = 0, cols = 0, groups = 0;
  std::uint64_t bytes() const {
    return codes.entry.bytes + zero_points.entry.bytes + scales.entry.bytes +
           (index == nullptr ? 0 : index->entry.bytes);
  }
};

/// The zero points of all groups and channels, [groups, rows], as the layout counts them from 0.
std::vector<std::uint8_t> read_zero_points(const Module& module, int bits, bool v2) {
  const auto rows = static_cast<std::size_t>(module.rows), groups = static_cast<std::size_t>(module.groups);
  const auto width = static_cast<std::size_t>(packed_words(module.rows, bits)) * 4;
  std::vector<std::byte> bytes(groups * width);
  module.zero_points.read(0, bytes);
  std::vector<std::uint8_t> zeros(groups * rows);
  for (std::size_t group = 0; group < groups; ++group) {
    unpack_bits(std::span(bytes).subspan(group * width, width), bits, std::span(zeros).subspan(group * rows, rows));
  }
  if (v2) return zeros;
  const int highest = (1 << bits) - 1;
  for (std::size_t i = 0; i < zeros.size(); ++i) {
    // Some readers make it 0, others one more than there are codes.
    if (zeros[i] == highest) {
      module.zero_points.fail(
          fmt::format("stores {} for group {}, channel {}, after which format gptq (v1) has no zero point; a file of "
                      "format gptq_v2 must say so in checkpoint_format",
                      highest, i / rows, i % rows));
    }
    ++zeros[i];
  }
  return zeros;
}

class GptqSource : public CodesSource {
 public:
  /// `zero_points`: [rows, groups], empty if symmetric.
  GptqSource(const Module& module, codec::Scheme scheme, std::vector<std::int32_t> columns,
             std::vector<std::uint8_t> zero_points)
      : CodesSource({module.name, module.codes, module.rows, module.cols, module.bytes(), std::move(columns)},
                    std::move(scheme)),
        scales_(module.scales),
        zero_points_(std::move(zero_points)) {}

 protected:
  void read_codes(std::int64_t first, std::int64_t count, std::uint8_t* codes) const override {
    const std::int64_t words = module().codes.entry.shape[0];
    const std::vector<std::byte> bytes = transposed(read_columns(module().codes, first, count), words, count, 4);
    const auto width = static_cast<std::size_t>(words) * 4, cols = static_cast<std::size_t>(module().cols);
    for (std::size_t row = 0; row < static_cast<std::size_t>(count); ++row) {
      unpack_bits(std::span(bytes).subspan(row * width, width), layout_scheme().bits,
                  std::span(codes + row * cols, cols));
    }
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

Module find_module(const std::string& name, const StoredTensor& codes, const StoredTensors& tensors) {
  Module module{.name = name,
                .codes = codes,
                .zero_points = require_part(tensors, codes, name + std::string(kZeroPoints)),
                .scales = require_part(tensors, codes, name + std::string(kScales)),
                .index = find_part(tensors, name + std::string(kGroupIndex))};
  expect_matrix(module.codes, DType::kI32);
  expect_matrix(module.zero_points, DType::kI32);
  module.rows = codes.entry.shape[1];
  if (module.scales.entry.shape.size() != 2) {
    module.scales.fail(fmt::format("has shape {}, expected a matrix", to_string(module.scales.entry.shape)));
  }
  module.groups = module.scales.entry.shape[0];
  expect_scales(module.scales, {module.groups, module.rows});
  if (module.groups == 0) module.scales.fail("has no group");
  if (module.index != nullptr && (module.index->entry.dtype != DType::kI32 || module.index->entry.shape.size() != 1 ||
                                  module.index->entry.bytes == 0)) {
    module.index->fail(fmt::format("is {} of {}, expected one group for each column, i32",
                                   to_string(module.index->entry.shape), dtype_name(module.index->entry.dtype)));
  }
  return module;
}

/// The input channels: as many as the index has, or as fill the words.
std::int64_t columns_of(const Module& module, int bits) {
  if (module.index != nullptr) return module.index->entry.shape[0];
  const std::int64_t words = module.codes.entry.shape[0];
  return words / bits * 32 + words % bits * 32 / bits;
}

std::optional<std::string> mismatch(const Module& module, const Settings& settings) {
  const std::int64_t cols = columns_of(module, settings.bits);
  if (packed_words(cols, settings.bits) != module.codes.entry.shape[0]) {
    return fmt::format("{} words for {} codes of {} bits, expected {}", module.codes.entry.shape[0], cols,
                       settings.bits, packed_words(cols, settings.bits));
  }
  const std::int64_t groups = settings.group_size < 0 ? 1 : (cols - 1) / settings.group_size + 1;
  if (groups != module.groups) {
    return fmt::format("{} groups, expected {} of {} columns", module.groups, groups, settings.group_size);
  }
  const Shape zeros = {module.groups, packed_words(module.rows, settings.bits)};
  if (module.zero_points.entry.shape != zeros) {
    return fmt::format("qzeros of shape {}, expected {}", to_string(module.zero_points.entry.shape), to_string(zeros));
  }
  return std::nullopt;
}

/// Those of the settings in the config that fit; shapes tell them apart, except for symmetry, which zero points do.
Settings find_settings(const Module& module, const std::vector<Settings>& candidates) {
  std::string reasons;
  for (const Settings& settings : candidates) {
    const auto why = mismatch(module, settings);
    if (!why) return settings;
    if (reasons.find(*why) == std::string::npos) reasons += (reasons.empty() ? "" : "; ") + *why;
  }
  module.codes.fail("does not fit its config: " + reasons);
}

graph::SourcePtr module_source(Module& module, const std::vector<Settings>& candidates, bool v2) {
  Settings settings = find_settings(module, candidates);
  module.cols = columns_of(module, settings.bits);
  std::vector<std::uint8_t> by_group = read_zero_points(module, settings.bits, v2);
  // Whatever the config says: the zero points are what readers compute with.
  const int middle = 1 << (settings.bits - 1);
  const bool all_middle = std::all_of(by_group.begin(), by_group.end(), [&](std::uint8_t z) { return z == middle; });
  const bool said_symmetric =
      std::any_of(candidates.begin(), candidates.end(), [](const Settings& s) { return s.symmetric; });
  settings.symmetric = all_middle && said_symmetric;
  codec::Scheme scheme =
      integer_scheme(settings.bits, settings.group_size, settings.symmetric, module.scales.entry.dtype);
  std::vector<std::int32_t> columns;
  if (module.index != nullptr) columns = column_groups(*module.index, scheme, module.cols);
  std::vector<std::uint8_t> zeros(settings.symmetric ? 0 : by_group.size());
  for (std::size_t i = 0; i < zeros.size(); ++i) {
    const auto rows = static_cast<std::size_t>(module.rows), groups = static_cast<std::size_t>(module.groups);
    zeros[i] = by_group[i % groups * rows + i / groups];
  }
  return std::make_shared<GptqSource>(module, std::move(scheme), std::move(columns), std::move(zeros));
}

}  // namespace

graph::SourceMap decode(const JsonCursor& config, const StoredTensors& tensors) {
  const std::vector<Settings> settings = parse_settings(config);
  const bool v2 = is_v2(config);
  graph::SourceMap sources;
  std::set<std::string, std::less<>> taken;
  for (const auto& [name, codes] : tensors) {
    const auto module_name = module_of(name, kCodes);
    if (!module_name) continue;
    Module module = find_module(*module_name, codes, tensors);
    std::string weight = *module_name + ".weight";
    if (tensors.contains(weight)) codes.fail(fmt::format("stands beside {}, expected one of them", quoted(weight)));
    sources.emplace(std::move(weight), module_source(module, settings, v2));
    for (const std::string_view suffix : {kCodes, kZeroPoints, kScales, kGroupIndex}) {
      taken.insert(*module_name + std::string(suffix));
    }
  }
  if (sources.empty()) config.fail("names a quantized model, but no tensor holds codes (NAME.qweight)");
  add_others(tensors, taken, {kZeroPoints, kScales, kGroupIndex}, kCodes, sources);
  return sources;
}

}  // namespace kerf::formats::safetensors::gptq
