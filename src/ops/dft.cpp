#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/checked.h"
#include "ops/elementwise.h"
#include "ops/ops.h"

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

std::int64_t smallest_factor(std::int64_t n) {
  for (std::int64_t p = 2; p * p <= n; ++p) {
    if (n % p == 0) return p;
  }
  return n;
}

/// Products that a transform takes: as many for each element as its prime factors come to.
std::int64_t cost_of(std::int64_t length) {
  std::int64_t factors = 0;
  for (std::int64_t rest = length; rest > 1;) {
    const std::int64_t p = smallest_factor(rest);
    factors += p;
    rest /= p;
  }
  return length * factors;
}

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
  constexpr std::int64_t kMostProducts = std::int64_t{1} << 30;
  if (cost_of(t.length) > kMostProducts) {
    mismatch(fmt::format("found a transform of {} elements, which has too large a prime factor", t.length));
  }
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

struct Complex {
  double re = 0, im = 0;
  Complex operator+(Complex other) const { return {re + other.re, im + other.im}; }
  Complex operator*(Complex other) const { return {re * other.re - im * other.im, re * other.im + im * other.re}; }
};

/// y_k = sum of x_n exp(-2 pi i k n / N) for any N, by its prime factors (Cooley & Tukey 1965); in f64.
class Fourier {
 public:
  Fourier(std::int64_t length, bool inverse) : length_(length) {
    for (std::int64_t n = 0; n < length; ++n) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(length);
      roots_.push_back({std::cos(angle), inverse ? std::sin(angle) : -std::sin(angle)});
    }
  }

  void run(const std::vector<Complex>& x, std::vector<Complex>& y) const {
    std::vector<Complex> parts(static_cast<std::size_t>(length_));
    run(x.data(), 1, y.data(), length_, parts.data());
  }

 private:
  const Complex& root(std::int64_t n) const { return roots_[static_cast<std::size_t>(n % length_)]; }

  /// Of every `step`-th of x, `count` of them; `parts` holds the sums of one frequency's parts.
  void run(const Complex* x, std::int64_t step, Complex* y, std::int64_t count, Complex* parts) const {
    if (count == 1) {
      y[0] = x[0];
      return;
    }
    const std::int64_t p = smallest_factor(count), rest = count / p;
    for (std::int64_t r = 0; r < p; ++r) run(x + r * step, step * p, y + r * rest, rest, parts);
    for (std::int64_t k = 0; k < rest; ++k) {
      for (std::int64_t r = 0; r < p; ++r) parts[r] = y[r * rest + k] * root(r * k * step);
      for (std::int64_t q = 0; q < p; ++q) {
        Complex sum = parts[0];
        for (std::int64_t r = 1; r < p; ++r) sum = sum + parts[r] * root(r * q % p * rest * step);
        y[q * rest + k] = sum;
      }
    }
  }

  const std::int64_t length_;
  std::vector<Complex> roots_;
};

void run(KernelContext& context) {
  const Tensor& x = context.input(0);
  const auto integers = [&](std::size_t i) {
    return context.has_input(i) ? integers_of(context.input(i)) : std::vector<std::int64_t>();
  };
  const auto length = integers(1), axis = integers(2);
  const Transform t =
      transform_of(context.node(), x.shape(), length.empty() ? nullptr : &length, axis.empty() ? nullptr : &axis);
  Tensor y(DType::kF32, t.result);
  const Fourier fourier(t.length, t.inverse);
  const double scale = t.inverse ? 1.0 / static_cast<double>(t.length) : 1.0;
  const std::int64_t taken = std::min(t.extent, t.length);
  for_ranges(t.outer * t.inner, std::max<std::int64_t>(1, kElementGrain / t.length),
             [&](std::int64_t begin, std::int64_t end) {
               std::vector<Complex> from(static_cast<std::size_t>(t.length)), to(from.size());
               for (std::int64_t row = begin; row < end; ++row) {
                 const std::int64_t outer = row / t.inner, inner = row % t.inner;
                 for (std::int64_t n = 0; n < taken; ++n) {
                   const float* value = x.data<float>() + ((outer * t.extent + n) * t.inner + inner) * t.parts;
                   from[static_cast<std::size_t>(n)] = {static_cast<double>(value[0]),
                                                        t.parts == 2 ? static_cast<double>(value[1]) : 0.0};
                 }
                 fourier.run(from, to);
                 for (std::int64_t k = 0; k < t.frequencies; ++k) {
                   float* value = y.data<float>() + ((outer * t.frequencies + k) * t.inner + inner) * 2;
                   value[0] = static_cast<float>(to[static_cast<std::size_t>(k)].re * scale);
                   value[1] = static_cast<float>(to[static_cast<std::size_t>(k)].im * scale);
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
