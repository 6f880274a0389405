#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/reader.h"

/// What layouts share: finding and checking the tensors of a module, and turning parts of a weight into bytes.
namespace kerf::formats::safetensors {

/// The tensor `name`; Error(kInput) at `beside`, which needs it, if there is none.
const StoredTensor& require_part(const StoredTensors& tensors, const StoredTensor& beside, const std::string& name);
/// nullptr if there is none.
const StoredTensor* find_part(const StoredTensors& tensors, const std::string& name);
/// "module" if `tensor` is "module" + suffix.
std::optional<std::string> module_of(std::string_view tensor, std::string_view suffix);

/// Error(kInput) at the tensor unless it has that dtype and shape.
void expect_tensor(const StoredTensor& stored, DType dtype, const Shape& shape);
/// Error(kInput) at the tensor unless it is a matrix of that dtype without empty dimensions.
void expect_matrix(const StoredTensor& stored, DType dtype);
/// Error(kInput) at the tensor unless its scales are f16, bf16 or f32.
void expect_scales(const StoredTensor& stored, const Shape& shape);

/// The tensors that are no part of a module (`taken`), as they are. Error(kInput) for a part, whose name ends in one of
/// `parts`, of a module whose codes (`codes`) are missing: it would go unnoticed otherwise.
void add_others(const StoredTensors& tensors, const std::set<std::string, std::less<>>& taken,
                std::initializer_list<std::string_view> parts, std::string_view codes, graph::SourceMap& sources);

/// Elements [first, first + into.size()) as f32, each checked to be finite. `as`: what the bytes are, where files say
/// u8 of 8-bit floats and powers of two (e8m0).
void read_numbers(const StoredTensor& stored, std::uint64_t first, std::span<float> into,
                  std::optional<DType> as = std::nullopt);
/// Columns [first, first + count) of a matrix, row after row.
std::vector<std::byte> read_columns(const StoredTensor& matrix, std::int64_t first, std::int64_t count);
/// Scales [groups, rows] of rows [first, first + count) -> [count, groups].
void read_channel_scales(const StoredTensor& scales, std::int64_t first, std::int64_t count, std::span<float> into);
/// All of a tensor of i32.
std::vector<std::int32_t> read_integers(const StoredTensor& stored);

/// `values` in `dtype`. Error(kInput) naming module and value if one is not finite or would be rounded.
std::vector<std::byte> exact_floats(std::string_view module, std::string_view what, std::span<const float> values,
                                    DType dtype);
/// The same for 8-bit floats (f8_e4m3) and powers of two (e8m0), a byte each; `values` are exact.
std::vector<std::byte> bytes_of_small_floats(std::span<const float> values, DType dtype);
std::vector<std::byte> bytes_of_integers(std::span<const std::int32_t> values);
std::vector<std::byte> bytes_of_floats(std::span<const float> values);

/// The transpose of a matrix of `item` bytes an element.
std::vector<std::byte> transposed(std::span<const std::byte> matrix, std::int64_t rows, std::int64_t cols,
                                  std::size_t item);

/// "int4-g128-asym" and its relatives; -1: a scale for each row. Files may have groups that no scheme's name has.
codec::Scheme integer_scheme(int bits, std::int64_t group_size, bool symmetric, DType scale_dtype);
/// Of a layout for plain integers in scales of `dtypes` only: why a scheme is none of them, or the weight is empty.
std::optional<std::string> integer_refusal(std::string_view layout, const ModuleScheme& scheme, std::int64_t rows,
                                           std::int64_t cols, std::span<const DType> dtypes);
/// "f16 and bf16"
std::string dtype_list(std::span<const DType> dtypes);

}  // namespace kerf::formats::safetensors
