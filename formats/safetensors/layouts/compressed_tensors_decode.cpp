#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/bit_packing.h"
#include "formats/safetensors/layouts/compressed_tensors.h"

namespace kerf::formats::safetensors::compressed_tensors {
namespace {

using codec::Granularity;
using codec::Offset;

/// The tensors of one quantized module, as the files have them.
struct Module {
  std::string name;
  StoredTensor codes, scale;
  bool packed = true;  ///< codes in words; otherwise a signed byte each
  std::optional<StoredTensor> zero_point;
  std::int64_t rows = 0, cols = 0;  ///< from weight_shape, or the codes' shape
  std::uint64_t bytes = 0;          ///< of all its tensors
};

/// The weight of a module whose tensors are known to agree with `scheme`. Codes are read from the file by rows.
class CodesSource : public graph::TensorSource {
 public:
  CodesSource(Module module, codec::Scheme scheme)
      : TensorSource(scheme.scale_dtype, {module.rows, module.cols},
                     fmt::format("{}: tensor {}", module.codes.file->path(), quoted(module.name + ".weight"))),
        module_(std::move(module)),
        scheme_(std::move(scheme)) {}

  std::optional<codec::Scheme> scheme() const override { return scheme_; }
  std::uint64_t stored_bytes() const override { return module_.bytes; }

  std::optional<codec::QuantizedTensor> read_quantized() const override {
    codec::QuantizedTensor weight = codec::make_quantized(scheme_, module_.rows, module_.cols);
    for (std::int64_t row = 0; row < module_.rows; row += slab_rows()) {
      read_codes(row, std::min(slab_rows(), module_.rows - row), weight.codes.data() + row * module_.cols);
    }
    read_parameters(0, module_.rows, weight);
    return weight;
  }

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    for (std::int64_t done = 0; done < count; done += slab_rows()) {
      const std::int64_t rows = std::min(slab_rows(), count - done);
      codec::QuantizedTensor slab = codec::make_quantized(scheme_, rows, module_.cols);
      read_codes(first + done, rows, slab.codes.data());
      read_parameters(first + done, rows, slab);
      float* values = out + done * module_.cols;
      codec::dequantize_rows(slab, 0, rows, values);
      // Finite scales can still overflow when multiplied.
      check_finite(std::span(values, slab.codes.size()), static_cast<std::uint64_t>((first + done) * module_.cols),
                   shape(), module_.codes.file->path(), module_.codes.place());
    }
  }

 private:
  /// Rows that are unpacked at a time: about a megabyte of codes.
  std::int64_t slab_rows() const { return std::max<std::int64_t>(1, (std::int64_t{1} << 20) / module_.cols); }

  void read_codes(std::int64_t first, std::int64_t count, std::uint8_t* codes) const {
    if (!module_.packed) {
      module_.codes.read(static_cast<std::uint64_t>(first * module_.cols),
                         std::as_writable_bytes(std::span(codes, static_cast<std::size_t>(count * module_.cols))));
      return shift_codes(std::span(codes, static_cast<std::size_t>(count * module_.cols)), module_.codes);
    }
    const auto width = static_cast<std::size_t>(packed_words(module_.cols, scheme_.bits) * 4);
    const auto cols = static_cast<std::size_t>(module_.cols);
    std::vector<std::byte> bytes(width * static_cast<std::size_t>(count));
    module_.codes.read(static_cast<std::uint64_t>(first) * width, bytes);
    for (std::size_t row = 0; row < static_cast<std::size_t>(count); ++row) {
      unpack_bits(std::span(bytes).subspan(row * width, width), scheme_.bits, std::span(codes + row * cols, cols));
    }
  }

  /// Scales and zero points of rows [first, first + count) -> those of `weight`, which has just these rows.
  void read_parameters(std::int64_t first, std::int64_t count, codec::QuantizedTensor& weight) const {
    const std::int64_t groups = scheme_.groups(module_.cols);
    const bool is_shared = scheme_.granularity == Granularity::kTensor;
    const std::uint64_t begin = is_shared ? 0 : static_cast<std::uint64_t>(first * groups);
    read_scales(begin, weight.scales);
    if (scheme_.offset != Offset::kZeroPoint) return;
    if (module_.zero_point->entry.dtype == DType::kI8) {
      read_plain_zero_points(begin, weight.zero_points);
    } else {
      read_packed_zero_points(first, count, weight.zero_points);
    }
  }

  void read_scales(std::uint64_t begin, std::span<float> scales) const {
    const std::size_t item = dtype_bytes(scheme_.scale_dtype);
    std::vector<std::byte> bytes(scales.size() * item);
    module_.scale.read(begin * item, bytes);
    codec::decode_floats(scheme_.scale_dtype, bytes, scales);
    check_finite(scales, begin, module_.scale.entry.shape, module_.scale.file->path(), module_.scale.place());
  }

  void read_plain_zero_points(std::uint64_t begin, std::span<std::uint8_t> zero_points) const {
    module_.zero_point->read(begin, std::as_writable_bytes(zero_points));
    shift_codes(zero_points, *module_.zero_point);
  }

  /// Signed bytes -> codes from 0.
  void shift_codes(std::span<std::uint8_t> codes, const StoredTensor& stored) const {
    const int middle = 1 << (scheme_.bits - 1);
    for (std::uint8_t& value : codes) {
      const int code = static_cast<std::int8_t>(value) + middle;
      if (code < 0 || code >= 2 * middle) {
        stored.fail(fmt::format("holds {}, expected {} to {}", code - middle, -middle, middle - 1));
      }
      value = static_cast<std::uint8_t>(code);
    }
  }

  void read_packed_zero_points(std::int64_t first, std::int64_t count, std::span<std::uint8_t> zero_points) const {
    const std::int64_t groups = scheme_.groups(module_.cols), per_word = 32 / scheme_.bits;
    const std::int64_t first_word = first / per_word, last_word = (first + count - 1) / per_word;
    std::vector<std::uint32_t> words(static_cast<std::size_t>((last_word - first_word + 1) * groups));
    module_.zero_point->read(static_cast<std::uint64_t>(first_word * groups) * 4,
                             std::as_writable_bytes(std::span(words)));
    const std::uint32_t mask = (std::uint32_t{1} << scheme_.bits) - 1;
    for (std::int64_t row = first; row < first + count; ++row) {
      const auto shift = static_cast<unsigned>(row % per_word * scheme_.bits);
      const std::uint32_t* line = words.data() + (row / per_word - first_word) * groups;
      std::uint8_t* to = zero_points.data() + (row - first) * groups;
      for (std::int64_t group = 0; group < groups; ++group) {
        to[group] = static_cast<std::uint8_t>((line[group] >> shift) & mask);
      }
    }
  }

  Module module_;
  codec::Scheme scheme_;
};

// Finding out what the tensors say.

const StoredTensor& part(const StoredTensors& tensors, const StoredTensor& packed, const std::string& name) {
  const auto found = tensors.find(name);
  if (found == tensors.end()) packed.fail(fmt::format("has no {} beside it", quoted(name)));
  return found->second;
}

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
  module.scale = part(tensors, codes, module.name + std::string(kScale));
  module.bytes = codes.entry.bytes + module.scale.entry.bytes;
  if (packed) {
    const StoredTensor& shape = part(tensors, codes, module.name + std::string(kShape));
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
  const Shape packed = {packed_words(module.rows, scheme.bits), plain[1]};
  const bool is_shared = scheme.granularity == Granularity::kTensor;
  // Plain codes have plain zero points; older releases did not pack.
  if (entry.dtype == DType::kI8 && (is_shared ? numel(entry.shape) == 1 : entry.shape == plain)) return std::nullopt;
  if (entry.dtype == DType::kI32 && !is_shared && module.packed && entry.shape == packed) return std::nullopt;
  return fmt::format("weight_zero_point is {} of {}, expected {} of {}", to_string(entry.shape),
                     dtype_name(entry.dtype), to_string(is_shared ? Shape{1} : packed), is_shared ? "i8" : "i32");
}

/// Why the module's tensors cannot be of that scheme.
std::optional<std::string> mismatch(const codec::Scheme& scheme, const Module& module) {
  if (module.packed) {
    if (scheme.bits != 2 && scheme.bits != 4 && scheme.bits != 8) {
      return fmt::format("packed codes of {} bits, whose packing differs between releases", scheme.bits);
    }
    const std::int64_t words = packed_words(module.cols, scheme.bits);
    if (module.codes.entry.shape[1] != words) {
      return fmt::format("weight_packed has {} words a row, expected {} for {} codes of {} bits",
                         module.codes.entry.shape[1], words, module.cols, scheme.bits);
    }
  }
  if (scheme.granularity == Granularity::kGroup && module.cols % scheme.group_size != 0) {
    return fmt::format("groups of {} do not divide {} columns", scheme.group_size, module.cols);
  }
  const auto why = scale_mismatch(scheme, module);
  return why ? why : zero_point_mismatch(scheme, module);
}

/// The group of a module. A group that names the module decides; otherwise the tensors must fit a group, whose patterns
/// and classes are taken to mean this module: shapes tell schemes apart, save for weights of a few columns.
const ConfigGroup& find_group(const Module& module, const std::vector<ConfigGroup>& groups) {
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
  return *chosen;
}

/// Columns in another order than stored (actorder "group") are not read; an index that changes nothing is.
void check_group_index(const Module& module, const codec::Scheme& scheme, const StoredTensor& index) {
  if (index.entry.dtype != DType::kI32 || index.entry.shape != Shape{module.cols}) {
    index.fail(fmt::format("is {} of {}, expected {} of i32", to_string(index.entry.shape),
                           dtype_name(index.entry.dtype), to_string(Shape{module.cols})));
  }
  const Tensor values = index.read();
  const std::int64_t width = scheme.group_width(module.cols);
  for (std::int64_t i = 0; i < module.cols; ++i) {
    const std::int64_t group = element(values, i);
    if (group != i / width) {
      index.fail(fmt::format(
          "puts column {} into group {}, but kerf reads only groups of neighbours (actorder 'group')", i, group));
    }
  }
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
    if (index != tensors.end()) check_group_index(module, scheme, index->second);
    for (const std::string_view suffix :
         {kPacked, kScale, kZeroPoint, kShape, kGroupIndex, kInputScale, kInputZeroPoint}) {
      taken.insert(module.name + std::string(suffix));
    }
    std::string weight = module.name + ".weight";
    if (module.packed && tensors.contains(weight)) {
      codes.fail(fmt::format("stands beside {}, expected one of them", quoted(weight)));
    }
    taken.insert(weight);
    sources.emplace(std::move(weight), std::make_shared<CodesSource>(std::move(module), std::move(scheme)));
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
    if (const auto module = find_module(name, codes, tensors)) assigned[module->name] = &find_group(*module, groups);
  }
  return assigned;
}

}  // namespace kerf::formats::safetensors::compressed_tensors
