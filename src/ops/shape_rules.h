#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ops/op.h"

namespace kerf::ops {

/// Words that shape rules are written in. All of them throw Error(kInput) "found ..., expected ..." without a place:
/// infer_specs() adds the node.
using Specs = std::span<const TensorSpec* const>;

/// The dtypes of numbers, and all that kernels compute with: truth values too.
inline constexpr std::initializer_list<DType> kNumberDTypes = {DType::kF32, DType::kI64, DType::kI32, DType::kI8,
                                                               DType::kU8};
inline constexpr std::initializer_list<DType> kElementDTypes = {DType::kF32, DType::kI64, DType::kI32,
                                                                DType::kI8,  DType::kU8,  DType::kBool};

/// "f32 [2, 24, 160]"
std::string describe(const TensorSpec& spec);
[[noreturn]] void mismatch(std::string message);

bool has_input(Specs inputs, std::size_t index);
/// At least `required` inputs, all of those present, and at most `most`.
void expect_input_count(Specs inputs, std::size_t required, std::size_t most);
/// Input `index`, present and of one of the dtypes.
const TensorSpec& expect_input(Specs inputs, std::size_t index, std::string_view name,
                               std::initializer_list<DType> dtypes);
void expect_rank(const TensorSpec& spec, std::string_view name, std::size_t rank);
void expect_shape(const TensorSpec& spec, std::string_view name, const Shape& shape);
/// The first output only.
void expect_one_output(const graph::Node& node);

/// An attribute or input value that names an axis, counted from the end if negative, as an index below `rank`.
std::size_t normalized_axis(std::int64_t axis, std::size_t rank);
/// The integers of input `index`, which must be known before anything runs; nullopt if the input is absent.
std::optional<std::vector<std::int64_t>> known_integers(Specs inputs, std::size_t index, std::string_view name);
/// The elements of a tensor of integers.
std::vector<std::int64_t> integers_of(const Tensor& tensor);

/// numpy's rule: shapes aligned at the end, each pair of dimensions equal or one of them 1.
Shape broadcast_shape(const Shape& a, const Shape& b);

}  // namespace kerf::ops
