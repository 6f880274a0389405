// Operators that opsets 18 to 23 added, for which the ONNX project's node tests (opset 17) have no case, by hand from
// their definitions; and what operators of imported graphs share.

#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ops/arg_extremum.h"
#include "ops/einsum_equation.h"
#include "ops/element_indices.h"
#include "ops/index_tuples.h"
#include "ops/matrix_product.h"
#include "ops/quantization_axis.h"
#include "ops/reduction.h"
#include "ops/variadic.h"
#include "tests/support/expect_error.h"
#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

using I = std::int64_t;

Tensor i64(Shape shape, std::vector<I> values) { return test::tensor_of<I>(std::move(shape), std::move(values)); }
Tensor f32(Shape shape, std::vector<float> values) {
  return test::tensor_of<float>(std::move(shape), std::move(values));
}
Tensor u8(std::vector<std::uint8_t> values) {
  const I count = std::ssize(values);
  return test::tensor_of<std::uint8_t>({count}, std::move(values));
}

template <typename T>
std::vector<T> values_of(const Tensor& tensor) {
  return {tensor.data<T>(), tensor.data<T>() + tensor.size()};
}

TEST(NewerOperators, BitwiseLogic) {
  const Tensor a = u8({0b1100, 255, 0}), b = u8({0b1010, 1, 7});
  EXPECT_EQ(values_of<std::uint8_t>(test::run_op({.op = "BitwiseAnd", .inputs = {a, b}})[0]),
            (std::vector<std::uint8_t>{0b1000, 1, 0}));
  EXPECT_EQ(values_of<std::uint8_t>(test::run_op({.op = "BitwiseOr", .inputs = {a, b}})[0]),
            (std::vector<std::uint8_t>{0b1110, 255, 7}));
  EXPECT_EQ(values_of<std::uint8_t>(test::run_op({.op = "BitwiseXor", .inputs = {a, b}})[0]),
            (std::vector<std::uint8_t>{0b0110, 254, 7}));
  EXPECT_EQ(values_of<I>(test::run_op({.op = "BitwiseNot", .inputs = {i64({2}, {0, -5})}})[0]),
            (std::vector<I>{-1, 4}));
}

TEST(NewerOperators, Mish) {
  const auto y = values_of<float>(test::run_op({.op = "Mish", .inputs = {f32({3}, {0, 1, -2})}})[0]);
  for (std::size_t i = 0; i < 3; ++i) {
    const double x = std::vector<double>{0, 1, -2}[i];
    EXPECT_NEAR(y[i], x * std::tanh(std::log(1 + std::exp(x))), 1e-6);
  }
}

/// By the definition, for lengths with and without small factors, cut and continued with zeros.
TEST(NewerOperators, FourierTransformsOfAnyLength) {
  for (const I length : {1, 2, 7, 12, 30, 97}) {
    for (const bool inverse : {false, true}) {
      const I extent = 12;
      const Tensor x = test::random_tensor({2, extent, 3, 2}, 5);
      const Tensor y = test::run_op(
          {.op = "DFT", .inputs = {x, i64({}, {length}), i64({}, {1})}, .attributes = {{"inverse", I{inverse}}}})[0];
      ASSERT_EQ(y.shape(), (Shape{2, length, 3, 2}));
      for (I k = 0; k < length; ++k) {
        std::complex<double> sum = 0;
        for (I n = 0; n < std::min(extent, length); ++n) {
          const double angle = (inverse ? 2 : -2) * M_PI * static_cast<double>(k * n) / static_cast<double>(length);
          const float* value = x.data<float>() + ((extent + n) * 3 + 1) * 2;
          sum += std::complex<double>(value[0], value[1]) * std::polar(1.0, angle);
        }
        if (inverse) sum /= static_cast<double>(length);
        const float* found = y.data<float>() + ((length + k) * 3 + 1) * 2;
        EXPECT_NEAR(found[0], sum.real(), 1e-5) << length;
        EXPECT_NEAR(found[1], sum.imag(), 1e-5) << length;
      }
    }
  }
  test::expect_error(ErrorCode::kInput, "found a transform of 16777213 elements, which has too large a prime factor",
                     [] {
                       test::infer_op({.op = "DFT", .inputs = {f32({1, 2, 1}, {1, 2}), i64({}, {16777213})}});
                     });
  // Of real numbers half of the frequencies are the mirror of the other half.
  const Tensor real = test::random_tensor({1, 9, 1}, 6);
  const Tensor half = test::run_op({.op = "DFT", .inputs = {real}, .attributes = {{"onesided", I{1}}}})[0];
  const Tensor whole = test::run_op({.op = "DFT", .inputs = {real}})[0];
  ASSERT_EQ(half.shape(), (Shape{1, 5, 2}));
  for (I i = 0; i < half.size(); ++i) EXPECT_EQ(half.data<float>()[i], whole.data<float>()[i]);
}

/// Opset 21: scales of blocks along an axis.
TEST(NewerOperators, BlocksHaveScalesOfTheirOwn) {
  const Tensor codes = test::tensor_of<std::int8_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor scale = f32({2, 2}, {1, 10, 100, 1000});
  const auto y = test::run_op(
      {.op = "DequantizeLinear", .inputs = {codes, scale}, .attributes = {{"axis", I{1}}, {"block_size", I{2}}}});
  EXPECT_EQ(values_of<float>(y[0]), (std::vector<float>{1, 2, 30, 400, 500, 6000}));
  const auto by_rows = test::run_op({.op = "DequantizeLinear",
                                     .inputs = {codes, f32({1, 3}, {1, 10, 100})},
                                     .attributes = {{"axis", I{0}}, {"block_size", I{2}}}});
  EXPECT_EQ(values_of<float>(by_rows[0]), (std::vector<float>{1, 20, 300, 4, 50, 600}));
}

TEST(NewerOperators, ScaleLayoutsThatDoNotFitAreRefused) {
  const graph::Node plain{.op = "", .domain = "", .name = "", .inputs = {}, .outputs = {}, .attributes = {}};
  const graph::Node blocks{
      .op = "", .domain = "", .name = "", .inputs = {}, .outputs = {}, .attributes = {{"block_size", I{2}}}};
  test::expect_error(ErrorCode::kInput, "expected 3 along axis 1", [&] { ScaleLayout(plain, {2, 3}, {2}); });
  test::expect_error(ErrorCode::kInput, "in blocks of 2, expected [2, 2]", [&] {
    ScaleLayout(blocks, {2, 3}, {2, 3});
  });
  EXPECT_EQ(ScaleLayout(plain, {2, 3}, {}).index_of(5), 0);
  EXPECT_EQ(ScaleLayout(plain, {2, 3}, {3}).index_of(5), 2);
}

TEST(MatrixProducts, ShapesAreNumpys) {
  EXPECT_EQ(MatrixProduct({5, 2, 3}, {3, 4}).result, (Shape{5, 2, 4}));
  EXPECT_EQ(MatrixProduct({3}, {3}).result, Shape());
  EXPECT_EQ(MatrixProduct({3}, {6, 3, 4}).result, (Shape{6, 4}));
  EXPECT_EQ(MatrixProduct({2, 1, 2, 3}, {5, 3, 1}).result, (Shape{2, 5, 2, 1}));
  test::expect_error(ErrorCode::kInput, "expected 3 rows in the second", [] { MatrixProduct({2, 3}, {4, 3}); });
  test::expect_error(ErrorCode::kInput, "found a scalar", [] { MatrixProduct({}, {4, 3}); });
}

TEST(EinsumEquations, AxesAreNamed) {
  const EinsumEquation diagonal("ii->i", {{4, 4}});
  EXPECT_EQ(diagonal.result(), Shape{4});
  EXPECT_EQ(EinsumEquation("...ij,...jk", {{7, 2, 3}, {3, 5}}).result(), (Shape{7, 2, 5}));
  EXPECT_EQ(EinsumEquation("ba,ca", {{2, 3}, {4, 3}}).result(), (Shape{2, 4}));
  test::expect_error(ErrorCode::kInput, "extents 3 and 4", [] { EinsumEquation("ij,jk->ik", {{2, 3}, {4, 5}}); });
  test::expect_error(ErrorCode::kInput, "2 operands for 1 inputs", [] { EinsumEquation("ij,jk->ik", {{2, 3}}); });
  test::expect_error(ErrorCode::kInput, "no operand has", [] { EinsumEquation("ij->ik", {{2, 3}}); });
  test::expect_error(ErrorCode::kInput, "for shape [2, 3]", [] { EinsumEquation("i->i", {{2, 3}}); });
  test::expect_error(ErrorCode::kInput, "expected letters", [] { EinsumEquation("i1->i", {{2, 3}}); });
}

TEST(Indices, AreCheckedAndCountedFromTheEnd) {
  EXPECT_EQ(index_from_front(-1, 5), 4);
  EXPECT_EQ(index_from_front(5, 5), -1);
  const std::vector<I> dims = {2, 3};
  const I inside[] = {1, -1}, outside[] = {2, 0};
  EXPECT_EQ(place_of_tuple(inside, dims), 5);
  EXPECT_EQ(place_of_tuple(outside, dims), -1);
  test::expect_error(ErrorCode::kInput, "found indices of shape [2, 3] into [4, 5]", [] {
    tuple_length({4, 5}, {2, 3}, 0);
  });
  // Outside: zeros, or nothing changes; never a read or write beyond the data.
  const Tensor data = f32({3}, {1, 2, 3});
  EXPECT_EQ(values_of<float>(test::run_kernel({.op = "GatherElements", .inputs = {data, i64({2}, {9, -1})}})[0]),
            (std::vector<float>{0, 3}));
  EXPECT_EQ(
      values_of<float>(test::run_kernel({.op = "ScatterElements", .inputs = {data, i64({1}, {-9}), f32({1}, {5})}})[0]),
      (std::vector<float>{1, 2, 3}));
  test::expect_error(ErrorCode::kInput, "none larger but at axis 0", [&] {
    test::infer_op({.op = "GatherElements", .inputs = {f32({2, 1}, {1, 2}), i64({1, 2}, {0, 0})}});
  });
}

TEST(Reductions, OfNothing) {
  const Tensor none = Tensor::zeros(DType::kF32, {2, 0});
  const Tensor axis = i64({1}, {1});
  EXPECT_EQ(values_of<float>(test::run_op({.op = "ReduceSum", .inputs = {none, axis}})[0]), (std::vector<float>{0, 0}));
  EXPECT_EQ(values_of<float>(test::run_op({.op = "ReduceProd", .inputs = {none, axis}})[0]),
            (std::vector<float>{1, 1}));
  for (const char* op : {"ReduceMax", "ReduceMin", "ReduceMean"}) {
    test::expect_error(ErrorCode::kInput, "found no elements along axis 1", [&] {
      test::infer_op({.op = op, .inputs = {none, axis}});
    });
  }
  test::expect_error(ErrorCode::kInput, "found no elements along axis 1", [&] {
    test::infer_op({.op = "ArgMax", .inputs = {none}, .attributes = {{"axis", I{1}}}});
  });
}

TEST(Variadic, InputsOfDifferentDTypesAreRefused) {
  test::expect_error(ErrorCode::kInput, "expected one dtype", [] {
    test::infer_op({.op = "Max", .inputs = {f32({1}, {1}), i64({1}, {1})}});
  });
}

}  // namespace
}  // namespace kerf::ops
