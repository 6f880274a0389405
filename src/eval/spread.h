#pragma once

#include <span>
#include <vector>

#include "kerf/statistics.h"

namespace kerf::eval {

double mean_of(std::span<const double> values);
/// Standard error of the mean of values taken as independent: sqrt(sum (v - mean)^2 / n / (n - 1)).
double standard_error(std::span<const double> values, double mean);
/// sum (a - mean a)(b - mean b) / n / (n - 1)
double mean_covariance(std::span<const double> a, std::span<const double> b);
/// The q-quantile of ascending values: value at q * (n - 1), linear between neighbours.
double quantile(std::span<const double> ascending, double q);
/// Values in any order, at least one.
Spread spread_of(std::span<const double> values);

}  // namespace kerf::eval
