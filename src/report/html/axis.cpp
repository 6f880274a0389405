#include "report/html/axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace kerf::report::html {

Axis Axis::covering(std::span<const double> values, bool logarithmic, bool from_zero) {
  Axis axis;
  axis.logarithmic_ = logarithmic;
  std::vector<double> usable;
  for (const double v : values) {
    if (std::isfinite(v) && (!logarithmic || v > 0)) usable.push_back(logarithmic ? std::log10(v) : v);
  }
  if (usable.empty()) return axis;
  if (from_zero && !logarithmic) usable.push_back(0);
  axis.low_ = *std::min_element(usable.begin(), usable.end());
  axis.high_ = *std::max_element(usable.begin(), usable.end());
  const double room =
      axis.high_ > axis.low_ ? 0.07 * (axis.high_ - axis.low_) : std::max(std::abs(axis.high_), 1e-9) / 2;
  if (!from_zero || axis.low_ < 0) axis.low_ -= room;
  axis.high_ += room;
  return axis;
}

double Axis::place(double value, double first, double last) const {
  constexpr double kSmallest = -300;
  const double at = !logarithmic_ ? value : value > 0 ? std::log10(value) : kSmallest;
  const double share = std::clamp((at - low_) / (high_ - low_), 0.0, 1.0);
  return first + share * (last - first);
}

std::vector<double> Axis::ticks() const {
  constexpr double kMost = 6;
  std::vector<double> ticks;
  const double width = high_ - low_;
  if (logarithmic_ && width > 1) {
    const double step = std::max(1.0, std::ceil(width / kMost));
    for (double at = std::ceil(low_ / step) * step; at <= high_; at += step) ticks.push_back(std::pow(10, at));
    return ticks;
  }
  // Within a decade a logarithmic axis has ticks like a linear one.
  const double from = logarithmic_ ? std::pow(10, low_) : low_, to = logarithmic_ ? std::pow(10, high_) : high_;
  const double rough = (to - from) / kMost, power = std::pow(10, std::floor(std::log10(rough)));
  const double step = rough <= power       ? power
                      : rough <= 2 * power ? 2 * power
                      : rough <= 5 * power ? 5 * power
                                           : 10 * power;
  for (double at = std::ceil(from / step) * step; at <= to; at += step)
    ticks.push_back(std::abs(at) < step / 2 ? 0 : at);
  return ticks;
}

std::string tick_text(double value) { return fmt::format("{:.4g}", value); }

}  // namespace kerf::report::html
