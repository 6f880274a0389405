#include "eval/spread.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kerf::eval {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_error(std::span<const double> values, double mean) {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  const auto n = static_cast<double>(values.size());
  return std::sqrt(squares / n / (n - 1));
}

double mean_covariance(std::span<const double> a, std::span<const double> b) {
  if (a.size() < 2) return 0;
  const double mean_a = mean_of(a), mean_b = mean_of(b);
  double products = 0;
  for (std::size_t i = 0; i < a.size(); ++i) products += (a[i] - mean_a) * (b[i] - mean_b);
  const auto n = static_cast<double>(a.size());
  return products / n / (n - 1);
}

double quantile(std::span<const double> ascending, double q) {
  const double place = q * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return ascending[below] + (place - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

Spread spread_of(std::span<const double> values) {
  std::vector<double> ascending(values.begin(), values.end());
  std::sort(ascending.begin(), ascending.end());
  const auto at = [&](double q) { return quantile(ascending, q); };
  Spread spread;
  spread.mean = mean_of(values);
  spread.mean_error = standard_error(values, spread.mean);
  spread.min = ascending.front();
  spread.p001 = at(0.001);
  spread.p01 = at(0.01);
  spread.p05 = at(0.05);
  spread.p10 = at(0.1);
  spread.p25 = at(0.25);
  spread.median = at(0.5);
  spread.p75 = at(0.75);
  spread.p90 = at(0.9);
  spread.p95 = at(0.95);
  spread.p99 = at(0.99);
  spread.p999 = at(0.999);
  spread.max = ascending.back();
  return spread;
}

}  // namespace kerf::eval
