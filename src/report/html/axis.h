#pragma once

#include <span>
#include <string>
#include <vector>

namespace kerf::report::html {

/// A scale of a plot: values to pixels, with ticks at round numbers.
class Axis {
 public:
  /// Covers the finite values (on a logarithmic axis the positive ones), with a little room; with none of them, 0 to 1.
  static Axis covering(std::span<const double> values, bool logarithmic, bool from_zero = false);

  /// Pixel between `first` (the low end) and `last`; values beyond the ends are at the ends.
  double place(double value, double first, double last) const;
  std::vector<double> ticks() const;
  bool logarithmic() const { return logarithmic_; }

 private:
  double low_ = 0, high_ = 1;
  bool logarithmic_ = false;
};

/// "0.001", "1e-07", "250"
std::string tick_text(double value);

}  // namespace kerf::report::html
