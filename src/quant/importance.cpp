#include "quant/importance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kerf::quant {
namespace {

constexpr double kLeast = 0.001;

}  // namespace

std::vector<float> relative_importance(std::span<const double> squares) {
  const double mean = std::accumulate(squares.begin(), squares.end(), 0.0) /
                      static_cast<double>(std::max<std::size_t>(squares.size(), 1));
  std::vector<float> importance(squares.size(), 1.0F);
  if (!(mean > 0) || !std::isfinite(mean)) return importance;
  std::transform(squares.begin(), squares.end(), importance.begin(),
                 [&](double square) { return static_cast<float>(std::max(square / mean, kLeast)); });
  return importance;
}

std::vector<double> channel_energies(const calibration::Statistics& statistics) {
  if (statistics.has("sum_squares")) {
    const auto squares = statistics.state("sum_squares").values<double>();
    return {squares.begin(), squares.end()};
  }
  const Tensor& outer = statistics.state("outer_product");
  const std::int64_t cols = statistics.cols();
  std::vector<double> diagonal(static_cast<std::size_t>(cols));
  for (std::int64_t c = 0; c < cols; ++c) {
    diagonal[static_cast<std::size_t>(c)] = static_cast<double>(outer.data<float>()[c * cols + c]);
  }
  return diagonal;
}

std::vector<float> relative_importance(const calibration::Statistics& statistics) {
  return relative_importance(channel_energies(statistics));
}

}  // namespace kerf::quant
