#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/threads.h"
#include "ops/ops.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

/// A transform along one axis of [..., 1 or 2]: what lies before and behind that axis, elements taken and frequencies.
struct Transform {
  std::int64_t outer = 1, extent = 0, inner = 1;
  std::int64_t parts = 1;   ///< 2: complex numbers
  std::int64_t length = 0;  ///< of the transform: longer than the extent, zeros follow
  std::int64_t frequencies = 0;
  bool inverse = false;
  Shape result;
};

Transform transform_of(const graph::Node& node, const Shape& x, const std::vector<std::int64_t>* length,
                       const std::vector<std::int64_t>* axis) {
  if (x.size() < 2 || (x.back() != 1 && x.back() != 2)) {
    mismatch(fmt::format("found shape {}, expected [..., 1] of real or [..., 2] of complex numbers", to_string(x)));
  }
  if ((length != nullptr && length->size() != 1) || (axis != nullptr && axis->size() != 1)) {
    mismatch("found a dft_length or axis of several numbers, expected one");
  }
  const std::size_t at = normalized_axis(axis == nullptr ? -2 : axis->front(), x.size());
  if (at + 1 == x.size()) mismatch("found the last axis, which holds the parts of complex numbers");
  Transform t{.extent = x[at], .parts = x.back(), .length = length == nullptr ? x[at] : length->front(), .result = x};
  constexpr std::int64_t kMostFrequencies = std::int64_t{1} << 24;
  if (t.length < 1 || t.length > kMostFrequencies) mismatch(fmt::format("found a dft_length of {}", t.length));
  t.inverse = node.attributes.int_or("inverse", 0) != 0;
  const bool one_sided = node.attributes.int_or("onesided", 0) != 0;
  if (one_sided && (t.inverse || t.parts == 2)) mismatch("found onesided, which is of real numbers and not inverse");
  t.frequencies = one_sided ? t.length / 2 + 1 : t.length;
  for (std::size_t i = 0; i < at; ++i) t.outer *= x[i];
  for (std::size_t i = at + 1; i + 1 < x.size(); ++i) t.inner *= x[i];
  t.result[at] = t.frequencies;
  t.result.back() = 2;
  return t;
}

std::vector<TensorSpec> infer(const graph::Node& node, Specs inputs) {
  expect_input_count(inputs, 1, 3);
  const TensorSpec& x = expect_input(inputs, 0, "input", {DType::kF32});
  const auto length = known_integers(inputs, 1, "dft_length"), axis = known_integers(inputs, 2, "axis");
  const Transform t = transform_of(node, x.shape, length ? &*length : nullptr, axis ? &*axis : nullptr);
  constexpr std::int64_t kMostKnownTerms = std::int64_t{1} << 26;
  const auto count = checked_numel(t.result), terms = count ? checked_mul(*count, t.length) : std::nullopt;
  if (x.known.defined() && (!terms || *terms > kMostKnownTerms)) mismatch("found constants with too many frequencies");
  return {{DType::kF32, t.result}};
}

/// Numbers along the axis side by side: [outer * inner, length], the real parts or the imaginary ones.
std::vector<float> rows_of(const Tensor& x, const Transform& t, std::int64_t part) {
  std::vector<float> rows(static_cast<std::size_t>(t.outer * t.inner * t.length), 0.0F);
  const std::int64_t taken = std::min(t.extent, t.length);
  for (std::int64_t o = 0; o < t.outer; ++o) {
    for (std::int64_t n = 0; n < taken; ++n) {
      const float* from = x.data<float>() + (o * t.extent + n) * t.inner * t.parts + part;
      for (std::int64_t i = 0; i < t.inner; ++i) {
        rows[static_cast<std::size_t>((o * t.inner + i) * t.length + n)] = from[i * t.parts];
      }
    }
  }
  return rows;
}

/// cos and sin of 2 pi n / length.
struct Circle {
  explicit Circle(std::int64_t length) {
    for (std::int64_t n = 0; n < length; ++n) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(length);
      cosines.push_back(static_cast<float>(std::cos(angle)));
      sines.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  std::vector<float> cosines, sines;
};

/// y_k = sum of x_n exp(-2 pi i k n / N), as products with tiles of that matrix: N^2 for each row, but by the dense
/// library, and exact to its rounding for any N.
void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const auto integers = [&](std::size_t i) {
    return context.has_input(i) ? integers_of(context.input(i)) : std::vector<std::int64_t>();
  };
  const auto length = integers(1), axis = integers(2);
  const Transform t =
      transform_of(context.node(), x.shape(), length.empty() ? nullptr : &length, axis.empty() ? nullptr : &axis);
  Tensor y = Tensor::zeros(DType::kF32, t.result);
  const std::int64_t rows = t.outer * t.inner, n = t.length;
  const std::vector<float> real = rows_of(x, t, 0);
  const std::vector<float> imaginary = t.parts == 2 ? rows_of(x, t, 1) : std::vector<float>();
  const Circle circle(n);
  const float turn = t.inverse ? -1.0F : 1.0F, scale = t.inverse ? 1.0F / static_cast<float>(n) : 1.0F;
  constexpr std::int64_t kTile = 64;
  parallel_for(rows == 0 ? 0 : div_up(t.frequencies, kTile), [&](std::int64_t tile) {
    const std::int64_t first = tile * kTile, count = std::min(kTile, t.frequencies - first);
    std::vector<float> cosines(static_cast<std::size_t>(count * n)), sines(cosines.size());
    for (std::int64_t k = 0; k < count; ++k) {
      for (std::int64_t j = 0; j < n; ++j) {
        const auto at = static_cast<std::size_t>((first + k) * j % n), to = static_cast<std::size_t>(k * n + j);
        cosines[to] = circle.cosines[at];
        sines[to] = circle.sines[at];
      }
    }
    std::vector<float> re(static_cast<std::size_t>(rows * count)), im(re.size());
    const auto add = [&](float factor, const std::vector<float>& from, const std::vector<float>& by, float beta,
                         std::vector<float>& to) {
      linalg::gemm(false, true, rows, count, n, factor * scale, from.data(), n, by.data(), n, beta, to.data(), count);
    };
    add(1, real, cosines, 0, re);
    add(-turn, real, sines, 0, im);
    if (t.parts == 2) {
      add(turn, imaginary, sines, 1, re);
      add(1, imaginary, cosines, 1, im);
    }
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t k = 0; k < count; ++k) {
        const std::int64_t to = (row / t.inner * t.frequencies + first + k) * t.inner + row % t.inner;
        y.data<float>()[2 * to] = re[static_cast<std::size_t>(row * count + k)];
        y.data<float>()[2 * to + 1] = im[static_cast<std::size_t>(row * count + k)];
      }
    }
  });
  context.output(0) = std::move(y);
}

}  // namespace

const OpInfo& dft_op() {
  static const OpInfo info{.name = "DFT",
                           .domain = "",
                           .summary = "discrete Fourier transform along an axis",
                           .source = "https://onnx.ai/onnx/operators/onnx__DFT.html",
                           .infer = infer,
                           .run = run};
  return info;
}

}  // namespace kerf::ops
