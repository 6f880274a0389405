#include "formats/safetensors/layouts/module_parts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::formats::safetensors {
namespace {

constexpr std::array kScaleDtypes = {DType::kF16, DType::kBF16, DType::kF32};

[[noreturn]] void fail_shape(const StoredTensor& stored, std::string_view expected) {
  stored.fail(
      fmt::format("is {} of {}, expected {}", to_string(stored.entry.shape), dtype_name(stored.entry.dtype), expected));
}

/// Of a value that E4M3 has: sign, 4 bits of exponent with a bias of 7, 3 of mantissa; below 2^-6 multiples of 2^-9.
std::uint8_t e4m3_code(float value) {
  const auto sign = static_cast<std::uint8_t>(std::signbit(value) ? 0x80 : 0);
  const float magnitude = std::abs(value);
  if (magnitude < 0x1p-6F) return static_cast<std::uint8_t>(sign | static_cast<int>(magnitude * 0x1p9F));
  const auto bits = std::bit_cast<std::uint32_t>(magnitude);
  return static_cast<std::uint8_t>(sign | ((bits >> 20) - ((127 - 7) << 3)));
}

}  // namespace

const StoredTensor* find_part(const StoredTensors& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  return found == tensors.end() ? nullptr : &found->second;
}

const StoredTensor& require_part(const StoredTensors& tensors, const StoredTensor& beside, const std::string& name) {
  const StoredTensor* part = find_part(tensors, name);
  if (part == nullptr) beside.fail(fmt::format("has no {} beside it", quoted(name)));
  return *part;
}

std::optional<std::string> module_of(std::string_view tensor, std::string_view suffix) {
  if (!ends_with(tensor, suffix) || tensor.size() == suffix.size()) return std::nullopt;
  return std::string(tensor.substr(0, tensor.size() - suffix.size()));
}

void expect_tensor(const StoredTensor& stored, DType dtype, const Shape& shape) {
  if (stored.entry.dtype == dtype && stored.entry.shape == shape) return;
  fail_shape(stored, fmt::format("{} of {}", to_string(shape), dtype_name(dtype)));
}

void expect_matrix(const StoredTensor& stored, DType dtype) {
  if (stored.entry.dtype == dtype && stored.entry.shape.size() == 2 && numel(stored.entry.shape) > 0) return;
  fail_shape(stored, fmt::format("a matrix of {}", dtype_name(dtype)));
}

void expect_scales(const StoredTensor& stored, const Shape& shape) {
  const bool is_float = std::find(kScaleDtypes.begin(), kScaleDtypes.end(), stored.entry.dtype) != kScaleDtypes.end();
  if (is_float && stored.entry.shape == shape) return;
  fail_shape(stored, fmt::format("{} of {}", to_string(shape), dtype_list(kScaleDtypes)));
}

void add_others(const StoredTensors& tensors, const std::set<std::string, std::less<>>& taken,
                std::initializer_list<std::string_view> parts, std::string_view codes, graph::SourceMap& sources) {
  for (const auto& [name, tensor] : tensors) {
    if (taken.contains(name)) continue;
    for (const std::string_view part : parts) {
      if (const auto module = module_of(name, part)) {
        tensor.fail(fmt::format("has no {} beside it", quoted(*module + std::string(codes))));
      }
    }
    sources.emplace(name, make_source(tensor));
  }
}

void read_numbers(const StoredTensor& stored, std::uint64_t first, std::span<float> into, std::optional<DType> as) {
  const DType dtype = as.value_or(stored.entry.dtype);
  const std::size_t item = dtype_bytes(stored.entry.dtype);
  std::vector<std::byte> bytes(into.size() * item);
  stored.read(first * item, bytes);
  if (dtype == DType::kE8M0) {
    std::transform(bytes.begin(), bytes.end(), into.begin(),
                   [](std::byte code) { return codec::e8m0_to_f32(std::to_integer<std::uint8_t>(code)); });
  } else {
    codec::decode_floats(dtype, bytes, into);
  }
  check_finite(into, first, stored.entry.shape, stored.file->path(), stored.place());
}

std::vector<std::byte> read_columns(const StoredTensor& matrix, std::int64_t first, std::int64_t count) {
  const std::int64_t rows = matrix.entry.shape[0], cols = matrix.entry.shape[1];
  const auto item = static_cast<std::int64_t>(dtype_bytes(matrix.entry.dtype));
  std::vector<std::byte> bytes(static_cast<std::size_t>(rows * count * item));
  if (count == cols) {
    matrix.read(0, bytes);
    return bytes;
  }
  const auto width = static_cast<std::size_t>(count * item);
  for (std::int64_t row = 0; row < rows; ++row) {
    matrix.read(static_cast<std::uint64_t>((row * cols + first) * item),
                std::span(bytes).subspan(static_cast<std::size_t>(row) * width, width));
  }
  return bytes;
}

void read_channel_scales(const StoredTensor& scales, std::int64_t first, std::int64_t count, std::span<float> into) {
  const std::int64_t groups = scales.entry.shape[0], rows = scales.entry.shape[1];
  std::vector<float> line(static_cast<std::size_t>(count));
  for (std::int64_t group = 0; group < groups; ++group) {
    read_numbers(scales, static_cast<std::uint64_t>(group * rows + first), line);
    for (std::int64_t row = 0; row < count; ++row) {
      into[static_cast<std::size_t>(row * groups + group)] = line[static_cast<std::size_t>(row)];
    }
  }
}

std::vector<std::int32_t> read_integers(const StoredTensor& stored) {
  std::vector<std::int32_t> values(static_cast<std::size_t>(numel(stored.entry.shape)));
  stored.read(0, std::as_writable_bytes(std::span(values)));
  return values;
}

std::vector<std::byte> exact_floats(std::string_view module, std::string_view what, std::span<const float> values,
                                    DType dtype) {
  for (const float value : values) {
    if (!std::isfinite(value) || codec::round_to(dtype, value) != value) {
      throw_input("", fmt::format("module {}", quoted(module)),
                  fmt::format("{} {} is not exact in {}", what, value, dtype_name(dtype)));
    }
  }
  std::vector<std::byte> bytes(values.size() * dtype_bytes(dtype));
  codec::encode_floats(dtype, values, bytes);
  return bytes;
}

std::vector<std::byte> bytes_of_small_floats(std::span<const float> values, DType dtype) {
  std::vector<std::byte> bytes(values.size());
  std::transform(values.begin(), values.end(), bytes.begin(), [&](float value) {
    return static_cast<std::byte>(dtype == DType::kE8M0 ? codec::f32_to_e8m0(value) : e4m3_code(value));
  });
  return bytes;
}

std::vector<std::byte> bytes_of_integers(std::span<const std::int32_t> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> bytes_of_floats(std::span<const float> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> transposed(std::span<const std::byte> matrix, std::int64_t rows, std::int64_t cols,
                                  std::size_t item) {
  std::vector<std::byte> result(matrix.size());
  const auto height = static_cast<std::size_t>(rows), width = static_cast<std::size_t>(cols);
  for (std::size_t row = 0; row < height; ++row) {
    for (std::size_t col = 0; col < width; ++col) {
      std::memcpy(result.data() + (col * height + row) * item, matrix.data() + (row * width + col) * item, item);
    }
  }
  return result;
}

std::string dtype_list(std::span<const DType> dtypes) {
  std::string list;
  for (std::size_t i = 0; i < dtypes.size(); ++i) {
    if (i > 0) list += i + 1 == dtypes.size() ? " or " : ", ";
    list += dtype_name(dtypes[i]);
  }
  return list;
}

codec::Scheme integer_scheme(int bits, std::int64_t group_size, bool symmetric, DType scale_dtype) {
  const std::string_view offset = symmetric ? "" : "-asym";
  codec::Scheme scheme = codec::parse_scheme(fmt::format("int{}{}", bits, offset));
  scheme.scale_dtype = scale_dtype;
  if (group_size <= 0) return scheme;
  scheme.granularity = codec::Granularity::kGroup;
  scheme.group_size = group_size;
  scheme.name = fmt::format("int{}-g{}{}", bits, group_size, offset);
  return scheme;
}

std::optional<std::string> integer_refusal(std::string_view layout, const ModuleScheme& module, std::int64_t rows,
                                           std::int64_t cols, std::span<const DType> dtypes) {
  const codec::Scheme& scheme = module.weights;
  if (module.activations) {
    return fmt::format("{} cannot say that activations are rounded ({}); compressed-tensors can", layout,
                       module.activations->name);
  }
  if (!scheme.quantized()) return std::nullopt;
  if (!scheme.plain_integer()) {
    return fmt::format("{} is not made of integers with scales of their own, which is what {} holds", scheme.name,
                       layout);
  }
  if (rows <= 0 || cols <= 0) return fmt::format("a weight of shape [{}, {}] is empty", rows, cols);
  if (std::find(dtypes.begin(), dtypes.end(), scheme.float_scale_dtype()) == dtypes.end()) {
    return fmt::format("scales of {} are not held, only {}; --scale-dtype {} makes such",
                       dtype_name(scheme.scale_dtype), dtype_list(dtypes), dtype_name(dtypes.front()));
  }
  return std::nullopt;
}

}  // namespace kerf::formats::safetensors
