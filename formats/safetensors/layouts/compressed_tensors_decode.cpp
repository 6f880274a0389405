#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/bit_packing.h"
#include "formats/safetensors/layouts/codes_source.h"
#include "formats/safetensors/layouts/compressed_tensors.h"
#include "formats/safetensors/layouts/module_parts.h"

namespace kerf::formats::safetensors::compressed_tensors {
namespace {

using codec::Granularity;
using codec::Offset;

/// The tensors of one quantized module, as the files have them.
struct Module {
  std::string name;
  StoredTensor codes, scale;
  bool packed = true;   ///< codes in words; otherwise a signed byte each
  bool padded = false;  ///< no packed code crosses into the next word, as releases before mid-2026 have it
  std::optional<StoredTensor> zero_point;
  std::int64_t rows = 0, cols = 0;  ///< from weight_shape, or the codes' shape
  std::uint64_t bytes = 0;          ///< of all its tensors
};

std::int64_t words_of(std::int64_t count, int bits, bool padded) {
  return padded ? padded_words(count, bits) : packed_words(count, bits);
}

void unpack(std::span<const std::byte> bytes, int bits, bool padded, std::span<std::uint8_t> codes) {
  padded ? unpack_padded_bits(bytes, bits, codes) : unpack_bits(bytes, bits, codes);
}

class PackedSource : public CodesSource {
 public:
  PackedSource(Module module, codec::Scheme scheme, std::vector<std::int32_t> column_groups)
      : CodesSource({module.name, module.codes, module.rows, module.cols, module.bytes, std::move(column_groups)},
                    std::move(scheme)),
        module_(std::move(module)) {}

 protected:
  void read_codes(std::int64_t first, std::int64_t count, std::uint8_t* codes) const override {
    if (!module_.packed) {
      module_.codes.read(static_cast<std::uint64_t>(first * module_.cols),
                         std::as_writable_bytes(std::span(codes, static_cast<std::size_t>(count * module_.cols))));
      return shift_codes(std::span(codes, static_cast<std::size_t>(count * module_.cols)), module_.codes);
    }
    const int bits = layout_scheme().bits;
    const auto width = static_cast<std::size_t>(words_of(module_.cols, bits, module_.padded) * 4);
    const auto cols = static_cast<std::size_t>(module_.cols);
    std::vector<std::byte> bytes(width * static_cast<std::size_t>(count));
    module_.codes.read(static_cast<std::uint64_t>(first) * width, bytes);
    for (std::size_t row = 0; row < static_cast<std::size_t>(count); ++row) {
      unpack(std::span(bytes).subspan(row * width, width), bits, module_.padded, std::span(codes + row * cols, cols));
    }
  }

  void read_parameters(std::int64_t first, std::int64_t count, codec::QuantizedTensor& weight) const override {
    const std::int64_t groups = layout_scheme().groups(module_.cols);
    const bool is_shared = layout_scheme().granularity == Granularity::kTensor;
    const std::uint64_t begin = is_shared ? 0 : static_cast<std::uint64_t>(first * groups);
    read_numbers(module_.scale, begin, weight.scales);
    if (layout_scheme().offset != Offset::kZeroPoint) return;
    if (module_.zero_point->entry.dtype == DType::kI8) {
      read_plain_zero_points(begin, weight.zero_points);
    } else {
      read_packed_zero_points(first, count, weight.zero_points);
    }
  }

 private:
  void read_plain_zero_points(std::uint64_t begin, std::span<std::uint8_t> zero_points) const {
    module_.zero_point->read(begin, std::as_writable_bytes(zero_points));
    shift_codes(zero_points, *module_.zero_point);
  }

  /// Signed bytes -> codes from 0.
  void shift_codes(std::span<std::uint8_t> codes, const StoredTensor& stored) const {
    const int middle = 1 << (layout_scheme().bits - 1);
    for (std::uint8_t& value : codes) {
      const int code = static_cast<std::int8_t>(value) + middle;
      if (code < 0 || code >= 2 * middle) {
        stored.fail(fmt::format("holds {}, expected {} to {}", code - middle, -middle, middle - 1));
      }
      value = static_cast<std::uint8_t>(code);
    }
  }

  /// Zero points of one group of columns are packed down the rows; a word may hold those of other slabs too.
  void read_packed_zero_points(std::int64_t first, std::int64_t count, std::span<std::uint8_t> zero_points) const {
    const int bits = layout_scheme().bits;
    const std::int64_t groups = layout_scheme().groups(module_.cols);
    const std::int64_t together = module_.padded ? 32 / bits : 32;  // rows that begin in a word of their own
    const std::int64_t begin = first / together * together;
    const std::int64_t first_word = words_of(begin, bits, module_.padded);
    const auto words = static_cast<std::size_t>(words_of(first + count, bits, module_.padded) - first_word);
    std::vector<std::uint32_t> lines(words * static_cast<std::size_t>(groups)), column(words);
    module_.zero_point->read(static_cast<std::uint64_t>(first_word * groups) * 4,
                             std::as_writable_bytes(std::span(lines)));
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(first + count - begin));
    for (std::int64_t group = 0; group < groups; ++group) {
      for (std::size_t word = 0; word < words; ++word) {
        column[word] = lines[word * static_cast<std::size_t>(groups) + static_cast<std::size_t>(group)];
      }
      unpack(std::as_bytes(std::span(column)), bits, module_.padded, codes);
      for (std::int64_t row = 0; row < count; ++row) {
        zero_points[static_cast<std::size_t>(row * groups + group)] =
            codes[static_cast<std::size_t>(first + row - begin)];
      }
    }
  }

  Module module_;
};

// Finding out what the tensors say.

std::int64_t element(const Tensor& tensor, std::int64_t index) {
  if (tensor.dtype() == DType::kI64) return tensor.data<std::int64_t>()[index];
  return tensor.data<std::int32_t>()[index];
}

/// [out, in]; some releases write it as int32, some as int64.
void read_shape(const StoredTensor& shape, Module& module) {
  const Entry& entry = shape.entry;
  if ((entry.dtype != DType::kI64 && entry.dtype != DType::kI32) || entry.shape != Shape{2}) {
    shape.fail(fmt::format("is {} of {}, expected 2 integers", to_string(entry.shape), dtype_name(entry.dtype)));
  }
  const Tensor values = shape.read();
  module.rows = element(values, 0);
  module.cols = element(values, 1);
  const Shape& packed = module.codes.entry.shape;
  if (module.codes.entry.dtype != DType::kI32 || packed.size() != 2) {
    module.codes.fail(
        fmt::format("is {} of {}, expected a matrix of i32", to_string(packed), dtype_name(module.codes.entry.dtype)));
  }
  // At most sixteen codes a word: rows x cols is bounded by the file.
  if (module.rows <= 0 || module.rows != packed[0] || module.cols <= 0 || packed[1] <= 0 ||
      (module.cols - 1) / 16 >= packed[1]) {
    shape.fail(fmt::format("says [{}, {}], which does not fit weight_packed of shape {}", module.rows, module.cols,
                           to_string(packed)));
  }
}

/// The module that the tensor holds the codes of: NAME.weight_packed, or NAME.weight of signed bytes with a scale
/// beside it. nullopt for other tensors.
std::optional<Module> find_module(const std::string& name, const StoredTensor& codes, const StoredTensors& tensors) {
  const bool packed = ends_with(name, kPacked);
  if (!packed && (!ends_with(name, kWeight) || codes.entry.dtype != DType::kI8)) return std::nullopt;
  Module module{.name = name.substr(0, name.size() - (packed ? kPacked : kWeight).size()),
                .codes = codes,
                .scale = {},
                .packed = packed,
                .zero_point = {}};
  module.scale = require_part(tensors, codes, module.name + std::string(kScale));
  module.bytes = codes.entry.bytes + module.scale.entry.bytes;
  if (packed) {
    const StoredTensor& shape = require_part(tensors, codes, module.name + std::string(kShape));
    read_shape(shape, module);
    module.bytes += shape.entry.bytes;
  } else {
    if (codes.entry.shape.size() != 2 || codes.entry.bytes == 0) {
      codes.fail(fmt::format("has shape {}, expected a matrix", to_string(codes.entry.shape)));
    }
    module.rows = codes.entry.shape[0];
    module.cols = codes.entry.shape[1];
  }
  const auto zero_point = tensors.find(module.name + std::string(kZeroPoint));
  if (zero_point != tensors.end()) {
    module.zero_point = zero_point->second;
    module.bytes += zero_point->second.entry.bytes;
  }
  return module;
}

std::optional<std::string> scale_mismatch(const codec::Scheme& scheme, const Module& module) {
  const Entry& scale = module.scale.entry;
  if (scale.dtype != DType::kF16 && scale.dtype != DType::kBF16 && scale.dtype != DType::kF32) {
    return fmt::format("weight_scale is {}, expected f16, bf16 or f32", dtype_name(scale.dtype));
  }
  const std::int64_t groups = scheme.groups(module.cols);
  bool fits = scale.shape == Shape{module.rows, groups};
  // Scales of channels and tensors come with and without the axis of length 1.
  if (scheme.granularity == Granularity::kChannel) fits = fits || scale.shape == Shape{module.rows};
  if (scheme.granularity == Granularity::kTensor) fits = numel(scale.shape) == 1;
  if (fits) return std::nullopt;
  return fmt::format("weight_scale has shape {}, expected {}", to_string(scale.shape),
                     to_string(Shape{scheme.scale_rows(module.rows), groups}));
}

std::optional<std::string> zero_point_mismatch(const codec::Scheme& scheme, const Module& module) {
  if (scheme.offset == Offset::kSymmetric) {
    return module.zero_point ? std::optional<std::string>("weight_zero_point is there, but the scheme is symmetric")
                             : std::nullopt;
  }
  if (!module.zero_point) return "weight_zero_point is missing";
  const Entry& entry = module.zero_point->entry;
  const Shape plain = {module.rows, scheme.groups(module.cols)};
  const Shape packed = {words_of(module.rows, scheme.bits, module.padded), plain[1]};
  const bool is_shared = scheme.granularity == Granularity::kTensor;
  // Plain codes have plain zero points; older releases did not pack.
  if (entry.dtype == DType::kI8 && (is_shared ? numel(entry.shape) == 1 : entry.shape == plain)) return std::nullopt;
  if (entry.dtype == DType::kI32 && !is_shared && module.packed && entry.shape == packed) return std::nullopt;
  return fmt::format("weight_zero_point is {} of {}, expected {} of {}", to_string(entry.shape),
                     dtype_name(entry.dtype), to_string(is_shared ? Shape{1} : packed), is_shared ? "i8" : "i32");
}

/// Which of the two packings the codes have; an error if neither, or either of two that differ.
std::optional<std::string> find_packing(const codec::Scheme& scheme, Module& module) {
  const std::int64_t words = module.codes.entry.shape[1];
  const std::int64_t dense = packed_words(module.cols, scheme.bits), padded = padded_words(module.cols, scheme.bits);
  const bool same = 32 % scheme.bits == 0 || module.cols <= 32 / scheme.bits;
  if (words == dense && words == padded && !same) {
    return fmt::format("{} codes of {} bits take {} words in either of the two packings that the format has had",
                       module.cols, scheme.bits, words);
  }
  if (words != dense && words != padded) {
    const std::string or_padded = dense == padded ? "" : fmt::format(" (or {})", padded);
    return fmt::format("weight_packed has {} words a row, expected {}{} for {} codes of {} bits", words, dense,
                       or_padded, module.cols, scheme.bits);
  }
  module.padded = words != dense;
  return std::nullopt;
}

/// Why the module's tensors cannot be of that scheme.
std::optional<std::string> mismatch(const codec::Scheme& scheme, Module& module) {
  if (module.packed) {
    if (auto why = find_packing(scheme, module)) return why;
  }
  if (scheme.granularity == Granularity::kGroup && module.cols % scheme.group_size != 0) {
    return fmt::format("groups of {} do not divide {} columns", scheme.group_size, module.cols);
  }
  const auto why = scale_mismatch(scheme, module);
  return why ? why : zero_point_mismatch(scheme, module);
}

/// The group of a module. A group that names the module decides; otherwise the tensors must fit a group, whose patterns
/// and classes are taken to mean this module: shapes tell schemes apart, save for weights of a few columns.
const ConfigGroup& find_group(Module& module, const std::vector<ConfigGroup>& groups) {
  std::vector<const ConfigGroup*> candidates;
  for (const ConfigGroup& group : groups) {
    if (group.names(module.name)) candidates = {&group};
    if (group.names(module.name)) break;
    candidates.push_back(&group);
  }
  const ConfigGroup* chosen = nullptr;
  std::string reasons;
  for (const ConfigGroup* group : candidates) {
    const auto why = mismatch(group->scheme, module);
    if (why) {
      reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", quoted(group->name), *why);
    } else if (chosen != nullptr &&
               (chosen->scheme.bits != group->scheme.bits || chosen->activations != group->activations)) {
      module.codes.fail(fmt::format("fits both {} and {}", quoted(chosen->name), quoted(group->name)));
    } else if (chosen == nullptr) {
      chosen = group;
    }
  }
  if (chosen == nullptr) module.codes.fail("does not fit its config_groups: " + reasons);
  if (module.packed) find_packing(chosen->scheme, module);  // another group may have been looked at since
  return *chosen;
}

/// Parts whose weight_packed is missing would go unnoticed otherwise.
void check_no_orphans(const StoredTensors& tensors, const std::set<std::string, std::less<>>& taken) {
  for (const auto& [name, tensor] : tensors) {
    for (const std::string_view suffix : {kScale, kZeroPoint, kShape, kGroupIndex, kInputScale, kInputZeroPoint}) {
      if (ends_with(name, suffix) && !taken.contains(name)) {
        tensor.fail(fmt::format("has no {} beside it",
                                quoted(name.substr(0, name.size() - suffix.size()) + std::string(kPacked))));
      }
    }
  }
}

}  // namespace

graph::SourceMap decode(const JsonCursor& config, const StoredTensors& tensors) {
  if (has_float_weights(config)) return decode_floats(config, tensors);
  if (float4_scheme(config)) return decode_float4(config, tensors);
  const std::vector<ConfigGroup> groups = parse_config(config);
  graph::SourceMap sources;
  std::set<std::string, std::less<>> taken;
  for (const auto& [name, codes] : tensors) {
    auto found = find_module(name, codes, tensors);
    if (!found) continue;
    Module& module = *found;
    codec::Scheme scheme = find_group(module, groups).scheme;
    scheme.scale_dtype = module.scale.entry.dtype;
    const auto index = tensors.find(module.name + std::string(kGroupIndex));
    std::vector<std::int32_t> groups_of_columns;
    if (index != tensors.end()) {
      expect_tensor(index->second, DType::kI32, {module.cols});
      groups_of_columns = column_groups(index->second, scheme, module.cols);
    }
    for (const std::string_view suffix :
         {kPacked, kScale, kZeroPoint, kShape, kGroupIndex, kInputScale, kInputZeroPoint}) {
      taken.insert(module.name + std::string(suffix));
    }
    std::string weight = module.name + ".weight";
    if (module.packed && tensors.contains(weight)) {
      codes.fail(fmt::format("stands beside {}, expected one of them", quoted(weight)));
    }
    taken.insert(weight);
    sources.emplace(std::move(weight),
                    std::make_shared<PackedSource>(std::move(module), std::move(scheme), std::move(groups_of_columns)));
  }
  check_no_orphans(tensors, taken);
  if (sources.empty()) config.fail("names a quantized model, but no tensor holds codes");
  for (const auto& [name, tensor] : tensors) {
    if (!taken.contains(name)) sources.emplace(name, make_source(tensor));
  }
  return sources;
}

std::map<std::string, const ConfigGroup*> assign_groups(const std::vector<ConfigGroup>& groups,
                                                        const StoredTensors& tensors) {
  std::map<std::string, const ConfigGroup*> assigned;
  for (const auto& [name, codes] : tensors) {
    if (auto module = find_module(name, codes, tensors)) assigned[module->name] = &find_group(*module, groups);
  }
  return assigned;
}

}  // namespace kerf::formats::safetensors::compressed_tensors
