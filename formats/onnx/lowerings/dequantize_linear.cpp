#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/codes_source.h"
#include "formats/onnx/lowering.h"
#include "formats/onnx/lowerings/byte_matrix.h"
#include "formats/onnx/quantized/integer_codes.h"

namespace kerf::formats::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

/// The dtype that a float constant is stored in.
DType stored_float(const Constant& constant) {
  const StoredTensor* stored = constant.stored();
  if (stored == nullptr) return DType::kF32;
  switch (stored->data_type()) {
    case proto::TensorProto::FLOAT16:
      return DType::kF16;
    case proto::TensorProto::BFLOAT16:
      return DType::kBF16;
    default:
      return DType::kF32;
  }
}

const Constant& weight_input(const Emitter& emitter, const Call& call, std::size_t i) {
  const Constant* known = call.input(i) == kAbsent ? nullptr : emitter.constant(call.input(i));
  if (known == nullptr) emitter.fail(fmt::format("input {} is no constant, expected one", i));
  return *known;
}

const Constant* optional_constant(const Emitter& emitter, const Call& call, std::size_t i) {
  return call.input(i) == kAbsent ? nullptr : &weight_input(emitter, call, i);
}

/// Codes of `bits` bits, the first in the lowest bits of a byte.
void unpack(const std::uint8_t* bytes, int bits, std::int64_t count, std::uint8_t* out) {
  const std::int64_t per_byte = 8 / bits;
  const int mask = (1 << bits) - 1;
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = static_cast<std::uint8_t>((bytes[i / per_byte] >> (static_cast<int>(i % per_byte) * bits)) & mask);
  }
}

/// Names and bytes of what a weight is made of.
struct Parts {
  std::vector<std::string> initializers;
  std::uint64_t bytes = 0;
  void add(const Constant* constant) {
    if (constant == nullptr) return;
    initializers.insert(initializers.end(), constant->initializers().begin(), constant->initializers().end());
    bytes += constant->stored() != nullptr
                 ? constant->stored()->stored_bytes()
                 : static_cast<std::uint64_t>(constant->size()) * dtype_bytes(constant->dtype());
  }
};

std::string label_of(const Emitter& emitter, const Parts& parts) {
  return fmt::format("{}: tensor {}", emitter.file(),
                     quoted(parts.initializers.empty() ? emitter.place().name : parts.initializers.front()));
}

std::function<Tensor()> values_of(const Constant& constant) {
  return [constant] { return constant.values(); };
}

/// The name that a weight had before a tool gave its codes one: "w_Q4", "w_quantized".
std::string name_of_codes(std::string name) {
  for (const std::string_view ending : {"_Q2", "_Q4", "_Q8", "_quantized", "_rows_Q4", "_rows_Q8", "_rows_quantized"}) {
    if (name.size() > ending.size() && ends_with(name, ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

/// The same codes are one weight, however many nodes read them.
ValueIndex add_weight(Emitter& emitter, WeightCodes codes, Parts parts, bool turned) {
  codes.label = label_of(emitter, parts);
  codes.stored_bytes = parts.bytes;
  const std::string key = fmt::format("{} {} {} {} {}", fmt::join(parts.initializers, "|"), codes.rows, codes.cols,
                                      codes.scheme.name, turned);
  if (const auto known = emitter.weights_of_codes().find(key); known != emitter.weights_of_codes().end()) {
    if (!parts.initializers.empty()) return known->second;
  }
  graph::SourcePtr source = make_codes_source(std::move(codes));
  if (turned) source = graph::make_transposed_source(std::move(source));
  std::string name = parts.initializers.empty() ? "" : name_of_codes(parts.initializers.front());
  const ValueIndex weight =
      emitter.add_constant(Constant(std::move(source), std::move(parts.initializers)), std::move(name));
  emitter.weights_of_codes().emplace(key, weight);
  return weight;
}

// ---- MatMulNBits -----------------------------------------------------------------------------------------------

struct BlockLayout {
  std::int64_t rows = 0, cols = 0, block = 0, blocks = 0;
  int bits = 4;
};

BlockLayout block_layout(const Emitter& emitter, const Call& call) {
  BlockLayout layout;
  layout.rows = call.attributes.int_or("N", 0);
  layout.cols = call.attributes.int_or("K", 0);
  layout.block = call.attributes.int_or("block_size", 0);
  const std::int64_t bits = call.attributes.int_or("bits", 4);
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  if (bits != 2 && bits != 4 && bits != 8)
    emitter.fail(fmt::format("attribute bits: found {}, expected 2, 4 or 8", bits));
  if (layout.rows <= 0 || layout.cols <= 0 || layout.rows > kMost || layout.cols > kMost || layout.block < 16 ||
      layout.block > kMost || (layout.block & (layout.block - 1)) != 0) {
    emitter.fail(fmt::format("found N {}, K {} and block_size {}, expected positive ones and a power of two from 16 on",
                             layout.rows, layout.cols, layout.block));
  }
  layout.bits = static_cast<int>(bits);
  layout.blocks = div_up(layout.cols, layout.block);
  return layout;
}

void expect_size(const Emitter& emitter, const Constant& constant, std::int64_t size, std::string_view what) {
  if (constant.size() == size) return;
  emitter.fail(fmt::format("found {} of shape {}, expected {} elements", what, to_string(constant.shape()), size));
}

/// Zero points as codes: packed as the weights are, each row padded to a byte, or as numbers in the scale's dtype.
std::vector<std::uint8_t> block_zero_points(const Constant& points, const BlockLayout& layout) {
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(layout.rows * layout.blocks));
  if (points.dtype() == DType::kF32) {
    std::transform(points.values().data<float>(), points.values().data<float>() + points.size(), codes.begin(),
                   [](float point) { return static_cast<std::uint8_t>(std::clamp(point, 0.0F, 255.0F)); });
    return codes;
  }
  const std::int64_t row_bytes = div_up<std::int64_t>(layout.blocks * layout.bits, 8);
  for (std::int64_t r = 0; r < layout.rows; ++r) {
    unpack(points.values().data<std::uint8_t>() + r * row_bytes, layout.bits, layout.blocks,
           codes.data() + r * layout.blocks);
  }
  return codes;
}

void check_zero_points(const Emitter& emitter, const Constant& points, const BlockLayout& layout) {
  if (points.dtype() == DType::kF32) {
    expect_size(emitter, points, layout.rows * layout.blocks, "zero points");
    const auto values = points.values().values<float>();
    const auto limit = static_cast<float>((1 << layout.bits) - 1);
    const bool whole =
        std::all_of(values.begin(), values.end(), [&](float v) { return v == std::floor(v) && v >= 0 && v <= limit; });
    if (!whole) emitter.fail("found zero points between the codes, expected whole ones");
    return;
  }
  if (points.dtype() != DType::kU8) emitter.fail(fmt::format("found zero points of {}", dtype_name(points.dtype())));
  expect_size(emitter, points, layout.rows * div_up<std::int64_t>(layout.blocks * layout.bits, 8), "zero points");
}

/// x W^T, W [N, K] in blocks of a row.
std::vector<ValueIndex> lower_matmul_nbits(Emitter& emitter, const Call& call) {
  if (call.input(0) == kAbsent) emitter.fail("input 0 is missing");
  const BlockLayout layout = block_layout(emitter, call);
  const Constant &packed = weight_input(emitter, call, 1), &scales = weight_input(emitter, call, 2);
  const Constant* points = optional_constant(emitter, call, 3);
  if (call.input(4) != kAbsent) emitter.fail("found group indices (g_idx), which kerf does not read");
  const std::int64_t block_bytes = layout.block * layout.bits / 8;
  const auto bytes = checked_mul(layout.rows * layout.blocks, block_bytes);
  if (packed.dtype() != DType::kU8 || !bytes) emitter.fail("found codes that are not bytes");
  expect_size(emitter, packed, *bytes, "codes");
  expect_size(emitter, scales, layout.rows * layout.blocks, "scales");
  if (scales.dtype() != DType::kF32) emitter.fail("found scales that are no floats");
  if (points != nullptr) check_zero_points(emitter, *points, layout);
  Parts parts;
  for (const Constant* part : {&packed, &scales, points}) parts.add(part);
  WeightCodes codes{.scheme = codes_scheme(layout.bits, layout.block, false, points != nullptr, stored_float(scales)),
                    .rows = layout.rows,
                    .cols = layout.cols,
                    .read =
                        [packed, layout, block_bytes](std::int64_t first, std::int64_t count, std::uint8_t* out) {
                          const std::int64_t row_bytes = layout.blocks * block_bytes;
                          std::vector<std::uint8_t> rows(static_cast<std::size_t>(count * row_bytes));
                          packed.read_bytes(first * row_bytes, std::as_writable_bytes(std::span(rows)));
                          for (std::int64_t r = 0; r < count; ++r) {
                            unpack(rows.data() + r * row_bytes, layout.bits, layout.cols, out + r * layout.cols);
                          }
                        },
                    .scales = values_of(scales),
                    .zero_points = {}};
  if (points != nullptr) codes.zero_points = [points = *points, layout] { return block_zero_points(points, layout); };
  std::vector<ValueIndex> inputs = {call.input(0), add_weight(emitter, std::move(codes), std::move(parts), false)};
  if (call.input(5) != kAbsent) inputs.push_back(call.input(5));
  return {emitter.node("Linear", inputs, {}, graph::kKerfDomain)};
}

// ---- DequantizeLinear of a constant matrix, and what is like it ------------------------------------------------

/// Codes of a matrix as it is stored, from 0: signed ones are shifted by half of their range.
std::vector<std::uint8_t> codes_from_zero(const Constant& constant, int bits) {
  const Tensor& values = constant.values();
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(values.size()));
  const int shift = values.dtype() == DType::kI8 ? 1 << (bits - 1) : 0;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const int code = values.dtype() == DType::kI8 ? values.data<std::int8_t>()[i] : values.data<std::uint8_t>()[i];
    codes[i] = static_cast<std::uint8_t>(code + shift);
  }
  return codes;
}

int bits_of(const Constant& codes) {
  const StoredTensor* stored = codes.stored();
  return stored != nullptr && stored_bits(stored->data_type()) == 4 ? 4 : 8;
}

/// All zero points in the middle of the range?
bool in_the_middle(const std::vector<std::uint8_t>& points, int bits) {
  return std::all_of(points.begin(), points.end(), [&](std::uint8_t point) { return point == 1 << (bits - 1); });
}

/// Codes [first, first + count) of a matrix as it is stored, from 0; no others are read.
void read_codes(const Constant& constant, int bits, std::int64_t first, std::int64_t count, std::uint8_t* out) {
  const int shift = constant.dtype() == DType::kI8 ? 1 << (bits - 1) : 0, mask = (1 << bits) - 1;
  if (constant.in_memory() || bits == 8) {
    constant.read_bytes(first, std::as_writable_bytes(std::span(out, static_cast<std::size_t>(count))));
    for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>((out[i] + shift) & mask);
    return;
  }
  const std::int64_t begin = first / 2, end = div_up<std::int64_t>(first + count, 2);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(end - begin));
  constant.read_bytes(begin, std::as_writable_bytes(std::span(bytes)));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t at = first + i;
    const int byte = bytes[static_cast<std::size_t>(at / 2 - begin)];
    out[i] = static_cast<std::uint8_t>(((at % 2 == 0 ? byte : byte >> 4) + shift) & mask);
  }
}

struct Dequantized {
  const Constant* codes = nullptr;
  const Constant* scales = nullptr;
  const Constant* points = nullptr;
  std::int64_t axis = 0, block = 0;  ///< 0: one scale an entry of the axis, or one for all
};

/// A weight of a matrix whose scales run along rows or columns; nullopt if it is something else.
std::optional<ValueIndex> dequantized_weight(Emitter& emitter, const Dequantized& d) {
  const bool readable = d.codes->dtype() == DType::kI8 || d.codes->dtype() == DType::kU8;
  if (!readable || d.codes->shape().size() != 2 || d.scales->dtype() != DType::kF32 || d.codes->size() == 0)
    return std::nullopt;
  const std::int64_t height = d.codes->shape()[0], width = d.codes->shape()[1];
  const std::int64_t axis = d.axis < 0 ? d.axis + 2 : d.axis;
  if (axis != 0 && axis != 1) return std::nullopt;
  const bool single = d.scales->size() == 1 && d.block == 0;
  const bool is_turned = !single && (axis == 1) == (d.block == 0);
  const std::int64_t rows = is_turned ? width : height, cols = is_turned ? height : width;
  const std::int64_t groups = d.block == 0 ? 1 : div_up(cols, d.block);
  constexpr std::int64_t kSmallestGroup = 8;
  const bool groups_fit = d.block == 0 || d.block >= kSmallestGroup;
  if (!groups_fit || d.scales->size() != (single ? 1 : rows * groups)) return std::nullopt;
  if (d.points != nullptr && (d.points->dtype() != d.codes->dtype() || d.points->size() != d.scales->size()))
    return std::nullopt;
  const int bits = bits_of(*d.codes);
  std::vector<std::uint8_t> points(static_cast<std::size_t>(d.scales->size()),
                                   static_cast<std::uint8_t>(d.codes->dtype() == DType::kI8 ? 1 << (bits - 1) : 0));
  if (d.points != nullptr) points = codes_from_zero(*d.points, bits);
  const bool turn_scales = is_turned && d.block != 0;
  if (turn_scales) points = turned(points, groups, rows);
  const bool symmetric = in_the_middle(points, bits);
  Parts parts;
  for (const Constant* part : {d.codes, d.scales, d.points}) parts.add(part);
  WeightCodes codes{.scheme = codes_scheme(bits, d.block == 0 || d.block >= cols ? 0 : d.block, single, !symmetric,
                                           stored_float(*d.scales)),
                    .rows = rows,
                    .cols = cols,
                    .read =
                        [constant = *d.codes, bits, is_turned, height, width](std::int64_t first, std::int64_t count,
                                                                              std::uint8_t* out) {
                          if (!is_turned) return read_codes(constant, bits, first * width, count * width, out);
                          std::vector<std::uint8_t> part(static_cast<std::size_t>(count));
                          for (std::int64_t r = 0; r < height; ++r) {
                            read_codes(constant, bits, r * width + first, count, part.data());
                            for (std::int64_t c = 0; c < count; ++c)
                              out[c * height + r] = part[static_cast<std::size_t>(c)];
                          }
                        },
                    .scales =
                        [constant = *d.scales, turn_scales, groups, rows] {
                          const Tensor& values = constant.values();
                          if (!turn_scales) return values;
                          const auto flat = values.values<float>();
                          const auto result = turned(std::vector<float>(flat.begin(), flat.end()), groups, rows);
                          return Tensor::from<float>({std::ssize(result)}, result);
                        },
                    .zero_points = [points] { return points; }};
  return add_weight(emitter, std::move(codes), std::move(parts), is_turned);
}

/// Rows of codes that data chooses, all by one scale: rows of the weight that they stand for. kAbsent if it is not so.
ValueIndex chosen_rows(Emitter& emitter, const Call& call, Dequantized d) {
  const DraftNode* gather = emitter.draft().producer(call.input(0));
  const bool gathers = gather != nullptr && gather->op == "Gather" && gather->domain.empty() &&
                       gather->inputs.size() == 2 && gather->attributes.int_or("axis", 0) == 0;
  const bool one_scale = d.scales != nullptr && d.scales->size() == 1 && d.block == 0;
  if (!gathers || !one_scale || (call.input(2) != kAbsent && d.points == nullptr)) return kAbsent;
  d.codes = emitter.constant(gather->inputs[0]);
  const ValueIndex chosen = gather->inputs[1];
  if (d.codes == nullptr || d.codes->initializers().empty()) return kAbsent;
  d.axis = 0;
  const auto weight = dequantized_weight(emitter, d);
  return weight ? emitter.node("Gather", {*weight, chosen}) : kAbsent;
}

std::vector<ValueIndex> lower_dequantize(Emitter& emitter, const Call& call) {
  if (call.input(0) == kAbsent || call.input(1) == kAbsent) emitter.fail("found an input missing, expected 2 or 3");
  Dequantized d{emitter.constant(call.input(0)), emitter.constant(call.input(1)), nullptr};
  if (call.input(2) != kAbsent) d.points = emitter.constant(call.input(2));
  d.axis = call.attributes.int_or("axis", 1);
  d.block = call.attributes.int_or("block_size", 0);
  const bool constant = d.codes != nullptr && d.scales != nullptr && (call.input(2) == kAbsent || d.points != nullptr);
  if (constant && d.block >= 0) {
    if (const auto weight = dequantized_weight(emitter, d)) return {*weight};
  }
  if (const ValueIndex rows = chosen_rows(emitter, call, d); rows != kAbsent) return {rows};
  return {emitter.node("DequantizeLinear", call.inputs, call.attributes)};
}

/// Rows of a table of blocks: attributes as MatMulNBits has them, blocks along the last axis.
std::vector<ValueIndex> lower_gather_block(Emitter& emitter, const Call& call) {
  const Constant &table = weight_input(emitter, call, 0), &scales = weight_input(emitter, call, 2);
  const Constant* points = optional_constant(emitter, call, 3);
  const std::int64_t quantize_axis = call.attributes.int_or("quantize_axis", 1);
  if (table.shape().size() != 2 || call.attributes.int_or("gather_axis", 0) != 0 ||
      (quantize_axis != 1 && quantize_axis != -1)) {
    emitter.fail("expected a matrix, rows of it gathered and blocks along them");
  }
  const bool packed = table.dtype() == DType::kU8 && bits_of(table) == 8;
  const std::int64_t bits = packed ? call.attributes.int_or("bits", 4) : bits_of(table);
  if (bits != 4 && bits != 8) emitter.fail(fmt::format("attribute bits: found {}, expected 4 or 8", bits));
  if (!packed || bits == 8) {
    // Unsigned bytes without zero points are centred.
    Dequantized d{&table, &scales, points, 1, call.attributes.int_or("block_size", 128)};
    std::optional<Constant> middle;
    if (points == nullptr && packed) {
      Tensor values(DType::kU8, scales.shape());
      std::fill_n(values.data<std::uint8_t>(), values.size(), std::uint8_t{128});
      d.points = &middle.emplace(values, std::vector<std::string>());
    }
    const auto weight = dequantized_weight(emitter, d);
    if (!weight) emitter.fail("found codes, scales and zero points that do not fit each other");
    return {emitter.node("Gather", {*weight, call.input(1)})};
  }
  BlockLayout layout{.rows = table.shape()[0], .cols = 2 * table.shape()[1], .bits = 4};
  layout.block = call.attributes.int_or("block_size", 128);
  if (layout.block < 16 || table.size() == 0) emitter.fail(fmt::format("attribute block_size: found {}", layout.block));
  layout.blocks = div_up(layout.cols, layout.block);
  expect_size(emitter, scales, layout.rows * layout.blocks, "scales");
  if (scales.dtype() != DType::kF32) emitter.fail("found scales that are no floats");
  if (points != nullptr) check_zero_points(emitter, *points, layout);
  Parts parts;
  for (const Constant* part : {&table, &scales, points}) parts.add(part);
  WeightCodes codes{.scheme = codes_scheme(4, layout.block, false, points != nullptr, stored_float(scales)),
                    .rows = layout.rows,
                    .cols = layout.cols,
                    .read =
                        [table, layout](std::int64_t first, std::int64_t count, std::uint8_t* out) {
                          const std::int64_t row_bytes = layout.cols / 2;
                          std::vector<std::uint8_t> rows(static_cast<std::size_t>(count * row_bytes));
                          table.read_bytes(first * row_bytes, std::as_writable_bytes(std::span(rows)));
                          unpack(rows.data(), 4, count * layout.cols, out);
                        },
                    .scales = values_of(scales),
                    .zero_points = {}};
  if (points != nullptr) codes.zero_points = [points = *points, layout] { return block_zero_points(points, layout); };
  const ValueIndex weight = add_weight(emitter, std::move(codes), std::move(parts), false);
  return {emitter.node("Gather", {weight, call.input(1)})};
}

// ---- Products whose activations are rounded too -----------------------------------------------------------------

/// The matrix [in, out] of 8-bit codes, one scale for all or one a column.
ValueIndex column_weight(Emitter& emitter, const Call& call, std::size_t codes, std::size_t scale, std::size_t points) {
  const Dequantized d{&weight_input(emitter, call, codes), &weight_input(emitter, call, scale),
                      optional_constant(emitter, call, points), 1, 0};
  const auto weight = dequantized_weight(emitter, d);
  if (!weight) emitter.fail("found codes, scales and zero points that do not fit each other");
  return *weight;
}

ValueIndex product(Emitter& emitter, ValueIndex x, ValueIndex weight, ValueIndex bias) {
  const ValueIndex matrix = emitter.node("Transpose", {weight}, {{"perm", Ints{1, 0}}});
  std::vector<ValueIndex> inputs = {x, matrix};
  if (bias != kAbsent) inputs.push_back(bias);
  return emitter.node("Linear", inputs, {}, graph::kKerfDomain);
}

std::vector<ValueIndex> lower_dynamic_matmul(Emitter& emitter, const Call& call) {
  if (call.input(0) == kAbsent) emitter.fail("input 0 is missing");
  const auto codes = emitter.nodes("DynamicQuantizeLinear", {call.input(0)}, 3);
  const ValueIndex x = emitter.node("DequantizeLinear", codes);
  return {product(emitter, x, column_weight(emitter, call, 1, 2, 3), call.input(4))};
}

std::vector<ValueIndex> lower_integer_to_float(Emitter& emitter, const Call& call) {
  if (call.input(0) == kAbsent || call.input(2) == kAbsent) emitter.fail("found an input missing, expected 4");
  const ValueIndex x = emitter.node("DequantizeLinear", {call.input(0), call.input(2), call.input(4)});
  return {product(emitter, x, column_weight(emitter, call, 1, 3, 5), call.input(6))};
}

/// Attention on codes: as Attention on what they stand for.
std::vector<ValueIndex> lower_quantized_attention(Emitter& emitter, const Call& call) {
  if (call.input(0) == kAbsent || call.input(3) == kAbsent) emitter.fail("found an input missing, expected 5");
  Call plain{.op = "Attention", .domain = std::string(kMicrosoftDomain), .inputs = {}};
  plain.attributes = call.attributes;
  plain.inputs = {emitter.node("DequantizeLinear", {call.input(0), call.input(3), call.input(6)}),
                  column_weight(emitter, call, 1, 4, 7), call.input(2), call.input(5), call.input(8)};
  return find_lowering(kMicrosoftDomain, "Attention")->lower(emitter, plain);
}

}  // namespace

std::optional<ValueIndex> byte_matrix(Emitter& emitter, const Constant& codes, const Constant& scales,
                                      const Constant* points) {
  return dequantized_weight(emitter, {&codes, &scales, points, 1, 0});
}

const LoweringInfo& matmul_nbits_lowering() {
  static const LoweringInfo info{"MatMulNBits", kMicrosoftDomain, "Linear of a quantized weight", lower_matmul_nbits};
  return info;
}

const LoweringInfo& gather_block_quantized_lowering() {
  static const LoweringInfo info{"GatherBlockQuantized", kMicrosoftDomain, "Gather of a quantized table",
                                 lower_gather_block};
  return info;
}

const LoweringInfo& dequantize_linear_lowering() {
  static const LoweringInfo info{"DequantizeLinear", "", "a quantized weight where the codes are a constant matrix",
                                 lower_dequantize};
  return info;
}

const LoweringInfo& microsoft_dequantize_linear_lowering() {
  static const LoweringInfo info{"DequantizeLinear", kMicrosoftDomain, "as the default domain's", lower_dequantize};
  return info;
}

const LoweringInfo& dynamic_quantize_matmul_lowering() {
  static const LoweringInfo info{"DynamicQuantizeMatMul", kMicrosoftDomain, "rounded activations, Linear",
                                 lower_dynamic_matmul};
  return info;
}

const LoweringInfo& matmul_integer_to_float_lowering() {
  static const LoweringInfo info{"MatMulIntegerToFloat", kMicrosoftDomain, "DequantizeLinear, Linear",
                                 lower_integer_to_float};
  return info;
}

const LoweringInfo& quantized_attention_lowering() {
  static const LoweringInfo info{"QAttention", kMicrosoftDomain, "DequantizeLinear, Attention",
                                 lower_quantized_attention};
  return info;
}

}  // namespace kerf::formats::onnx
