#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/layouts/bitsandbytes.h"
#include "formats/safetensors/layouts/codes_source.h"
#include "formats/safetensors/layouts/module_parts.h"

namespace kerf::formats::safetensors::bitsandbytes {
namespace {

constexpr std::int64_t kMaxBlockSize = 65536;
constexpr std::uint64_t kMaxStateBytes = 65536;

/// Scales that are codes themselves ("double quantization"): scale = map[code] * absmax of its block + offset, in f32
/// with a rounding each.
struct Nested {
  StoredTensor absmax;
  std::array<float, 256> map{};
  std::int64_t block_size = 256;
  float offset = 0;
};

struct Module {
  std::string name;
  StoredTensor codes, absmax;
  std::string table;  ///< "nf4"
  std::int64_t block_size = 64;
  std::int64_t rows = 0, cols = 0;
  std::uint64_t bytes = 0;
  std::optional<Nested> nested{};

  std::int64_t blocks() const { return div_up(rows * cols, block_size); }
};

/// Scales of blocks [first, first + into.size()) of the flattened weight.
void read_absmax(const Module& module, std::uint64_t first, std::span<float> into) {
  if (!module.nested) return read_numbers(module.absmax, first, into);
  const Nested& nested = *module.nested;
  std::vector<std::uint8_t> codes(into.size());
  module.absmax.read(first, std::as_writable_bytes(std::span(codes)));
  const auto width = static_cast<std::uint64_t>(nested.block_size);
  const std::uint64_t begin = first / width;
  std::vector<float> outer((first + into.size() - 1) / width + 1 - begin);
  read_numbers(nested.absmax, begin, outer);
  for (std::size_t i = 0; i < into.size(); ++i) {
    const float product = nested.map[codes[i]] * outer[(first + i) / width - begin];
    into[i] = product + nested.offset;
  }
  check_finite(into, first, module.absmax.entry.shape, module.absmax.file->path(), module.absmax.place());
}

/// Codes [first, first + into.size()) of the flattened weight.
void read_nibbles(const Module& module, std::uint64_t first, std::span<std::uint8_t> into) {
  std::vector<std::byte> bytes((first + into.size() - 1) / 2 + 1 - first / 2);
  module.codes.read(first / 2, bytes);
  for (std::size_t i = 0; i < into.size(); ++i) {
    const std::uint64_t at = first + i;
    const auto byte = std::to_integer<unsigned>(bytes[at / 2 - first / 2]);
    into[i] = static_cast<std::uint8_t>(at % 2 == 0 ? byte >> 4 : byte & 15);
  }
}

codec::Scheme scheme_of(const Module& module) {
  codec::Scheme scheme = codec::parse_scheme(fmt::format("{}-g64", module.table));
  scheme.group_size = module.block_size;
  scheme.name = fmt::format("{}-g{}", module.table, module.block_size);
  scheme.scale_dtype = DType::kF32;
  return scheme;
}

/// Blocks that are groups: rows are whole numbers of them.
class TableSource : public CodesSource {
 public:
  explicit TableSource(Module module)
      : CodesSource({.name = module.name,
                     .codes = module.codes,
                     .rows = module.rows,
                     .cols = module.cols,
                     .bytes = module.bytes},
                    scheme_of(module)),
        module_(std::move(module)) {}

 protected:
  void read_codes(std::int64_t first, std::int64_t count, std::uint8_t* codes) const override {
    read_nibbles(module_, static_cast<std::uint64_t>(first * module_.cols),
                 std::span(codes, static_cast<std::size_t>(count * module_.cols)));
  }
  void read_parameters(std::int64_t first, std::int64_t, codec::QuantizedTensor& weight) const override {
    read_absmax(module_, static_cast<std::uint64_t>(first * weight.groups()), weight.scales);
  }

 private:
  Module module_;
};

/// Blocks that begin in one row and end in another: values, but no scheme of rows.
class FlatSource : public graph::TensorSource {
 public:
  explicit FlatSource(Module module)
      : TensorSource(DType::kF32, {module.rows, module.cols},
                     fmt::format("{}: tensor {}", module.codes.file->path(), quoted(module.name + ".weight"))),
        module_(std::move(module)),
        scheme_(scheme_of(module_)) {}

  std::optional<codec::Scheme> rounded_to() const override { return scheme_; }
  std::string stored_as() const override { return scheme_.name + " (across rows)"; }
  std::uint64_t stored_bytes() const override { return module_.bytes; }

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const auto width = static_cast<std::uint64_t>(module_.block_size);
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(module_.cols));
    for (std::int64_t row = 0; row < count; ++row) {
      const auto begin = static_cast<std::uint64_t>((first + row) * module_.cols);
      read_nibbles(module_, begin, codes);
      std::vector<float> scales((begin + codes.size() - 1) / width + 1 - begin / width);
      read_absmax(module_, begin / width, scales);
      float* line = out + row * module_.cols;
      for (std::size_t i = 0; i < codes.size(); ++i) {
        line[i] = scales[(begin + i) / width - begin / width] * scheme_.levels->values[codes[i]];
      }
      check_finite(std::span(line, codes.size()), begin, shape(), module_.codes.file->path(), module_.codes.place());
    }
  }

 private:
  Module module_;
  codec::Scheme scheme_;
};

/// LLM.int8(): a byte a code, a scale a row.
class Int8Source : public CodesSource {
 public:
  Int8Source(std::string name, const StoredTensor& codes, const StoredTensor& scb)
      : CodesSource({.name = std::move(name),
                     .codes = codes,
                     .rows = codes.entry.shape[0],
                     .cols = codes.entry.shape[1],
                     .bytes = codes.entry.bytes + scb.entry.bytes},
                    integer_scheme(8, -1, true, DType::kF32)),
        scb_(scb) {}

 protected:
  void read_codes(std::int64_t first, std::int64_t count, std::uint8_t* codes) const override {
    const std::span<std::uint8_t> all(codes, static_cast<std::size_t>(count * module().cols));
    module().codes.read(static_cast<std::uint64_t>(first * module().cols), std::as_writable_bytes(all));
    for (std::uint8_t& code : all) code = static_cast<std::uint8_t>(code ^ 0x80);  // signed -> from 0
  }
  void read_parameters(std::int64_t first, std::int64_t, codec::QuantizedTensor& weight) const override {
    read_numbers(scb_, static_cast<std::uint64_t>(first), weight.scales);
    for (float& scale : weight.scales) scale /= kHighestCode;
  }

 private:
  StoredTensor scb_;
};

// Finding out what the tensors say.

Json read_state(const StoredTensor& stored) {
  if (stored.entry.dtype != DType::kU8 || stored.entry.bytes > kMaxStateBytes) {
    stored.fail(fmt::format("is {} of {}, expected JSON in at most {} bytes", to_string(stored.entry.shape),
                            dtype_name(stored.entry.dtype), kMaxStateBytes));
  }
  std::string text(stored.entry.bytes, '\0');
  stored.read(0, std::as_writable_bytes(std::span(text)));
  return Json::parse(text, fmt::format("{}: {}", stored.file->path(), stored.place()));
}

/// The values of codes must be those of the table that the type names.
void check_map(const StoredTensor& map, std::string_view table) {
  expect_tensor(map, DType::kF32, {16});
  std::array<float, 16> values{};
  read_numbers(map, 0, values);
  const auto& levels = codec::find_level_table(table)->values;
  for (std::size_t code = 0; code < values.size(); ++code) {
    if (!(std::abs(values[code] - levels[code]) <= 1e-6F)) {
      map.fail(fmt::format("says {} for code {}, expected {} of {}", values[code], code, levels[code], table));
    }
  }
}

Nested find_nested(const Module& module, const StoredTensors& tensors, const JsonCursor& state) {
  const std::string weight = module.name + std::string(kWeight);
  Nested nested;
  nested.absmax = require_part(tensors, module.codes, weight + std::string(kNestedAbsmax));
  const StoredTensor& map = require_part(tensors, module.codes, weight + std::string(kNestedMap));
  expect_tensor(map, DType::kF32, {256});
  read_numbers(map, 0, nested.map);
  nested.block_size = state.at("nested_blocksize").as_int64_in(1, kMaxBlockSize);
  nested.offset = static_cast<float>(state.at("nested_offset").as_double());
  expect_tensor(nested.absmax, DType::kF32, {div_up(module.blocks(), nested.block_size)});
  return nested;
}

void read_shape(const JsonCursor& state, Module& module) {
  const JsonCursor shape = state.at("shape");
  if (shape.as_array().size() != 2) shape.fail("expected two sizes, out and in");
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  module.rows = shape.at(std::size_t{0}).as_int64_in(1, kMost);
  module.cols = shape.at(std::size_t{1}).as_int64_in(1, kMost);
  // Models that are trained in parts keep the same bytes in a floating dtype.
  constexpr std::array kStorage = {DType::kU8, DType::kF16, DType::kBF16, DType::kF32};
  if (std::find(kStorage.begin(), kStorage.end(), module.codes.entry.dtype) == kStorage.end()) {
    module.codes.fail(fmt::format("is {}, expected {}", dtype_name(module.codes.entry.dtype), dtype_list(kStorage)));
  }
  const std::uint64_t expected = (static_cast<std::uint64_t>(module.rows * module.cols) + 1) / 2;
  if (module.codes.entry.bytes != expected) {
    module.codes.fail(fmt::format("has {} bytes, expected {} for 4-bit codes of [{}, {}]", module.codes.entry.bytes,
                                  expected, module.rows, module.cols));
  }
}

Module find_module(const std::string& name, const std::string& table, const StoredTensor& stored_state,
                   const StoredTensors& tensors) {
  const std::string weight = name + std::string(kWeight);
  Module module{.name = name,
                .codes = require_part(tensors, stored_state, weight),
                .absmax = require_part(tensors, stored_state, weight + std::string(kAbsmax)),
                .table = table};
  const StoredTensor& map = require_part(tensors, stored_state, weight + std::string(kQuantMap));
  check_map(map, table);
  const Json json = read_state(stored_state);
  const JsonCursor state(json, stored_state.file->path(), stored_state.name);
  if (const std::string type = state.string_or("quant_type", table); type != table) {
    state.at("quant_type").fail(fmt::format("found {}, expected {}", quoted(type), table));
  }
  module.block_size = state.at("blocksize").as_int64_in(1, kMaxBlockSize);
  read_shape(state, module);
  module.bytes = module.codes.entry.bytes + module.absmax.entry.bytes + map.entry.bytes + stored_state.entry.bytes;
  const bool is_nested = find_part(tensors, weight + std::string(kNestedAbsmax)) != nullptr;
  expect_tensor(module.absmax, is_nested ? DType::kU8 : DType::kF32, {module.blocks()});
  if (is_nested) {
    module.nested = find_nested(module, tensors, state);
    module.bytes += module.nested->absmax.entry.bytes;
  }
  return module;
}

graph::SourcePtr table_source(Module module) {
  if (module.cols % module.block_size == 0) return std::make_shared<TableSource>(std::move(module));
  return std::make_shared<FlatSource>(std::move(module));
}

graph::SourcePtr int8_source(const std::string& name, const StoredTensor& scb, const StoredTensors& tensors) {
  const StoredTensor& codes = require_part(tensors, scb, name + std::string(kWeight));
  expect_matrix(codes, DType::kI8);
  expect_tensor(scb, DType::kF32, {codes.entry.shape[0]});
  if (const StoredTensor* format = find_part(tensors, name + std::string(kFormat))) {
    if (format->entry.dtype != DType::kU8 || numel(format->entry.shape) != 1) {
      format->fail(fmt::format("is {} of {}, expected one byte", to_string(format->entry.shape),
                               dtype_name(format->entry.dtype)));
    }
    std::uint8_t order = 0;
    format->read(0, std::as_writable_bytes(std::span(&order, 1)));
    if (order != 0) format->fail(fmt::format("says {}, an order of codes for old GPUs, expected 0 (rows)", order));
  }
  return std::make_shared<Int8Source>(name, codes, scb);
}

/// Modules of 4 bits by their state, whose name ends in their type.
void add_tables(const StoredTensors& tensors, graph::SourceMap& sources, std::set<std::string, std::less<>>& taken) {
  for (const char* table : {"nf4", "fp4"}) {
    const std::string suffix = std::string(kWeight) + std::string(kQuantState) + table;
    for (const auto& [name, state] : tensors) {
      const auto module = module_of(name, suffix);
      if (!module) continue;
      std::string weight = *module + std::string(kWeight);
      if (taken.contains(weight)) state.fail(fmt::format("is the second state of {}", quoted(weight)));
      sources.emplace(weight, table_source(find_module(*module, table, state, tensors)));
      for (const std::string_view part : {kAbsmax, kQuantMap, kNestedAbsmax, kNestedMap}) {
        taken.insert(weight + std::string(part));
      }
      taken.insert(name);
      taken.insert(std::move(weight));
    }
  }
}

}  // namespace

graph::SourceMap decode(const JsonCursor& config, const StoredTensors& tensors) {
  graph::SourceMap sources;
  std::set<std::string, std::less<>> taken;
  add_tables(tensors, sources, taken);
  for (const auto& [name, scb] : tensors) {
    const auto module = module_of(name, kScb);
    if (!module) continue;
    const std::string weight = *module + std::string(kWeight);
    if (taken.contains(weight)) scb.fail(fmt::format("stands beside 4-bit codes of {}", quoted(weight)));
    sources.emplace(weight, int8_source(*module, scb, tensors));
    taken.insert({weight, name, *module + std::string(kFormat)});
  }
  if (sources.empty())
    config.fail("names a quantized model, but no tensor holds codes (NAME.weight with its quant_state or SCB)");
  add_others(tensors, taken, {kAbsmax, kQuantMap, kNestedAbsmax, kNestedMap, kFormat}, kWeight, sources);
  return sources;
}

}  // namespace kerf::formats::safetensors::bitsandbytes
