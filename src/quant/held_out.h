#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "calibration/statistics.h"

namespace kerf::quant {

/// Which windows of the calibration text are held out, so that a method can be checked on text that it did not learn
/// from: a share of them, evenly spread; with eight windows or more at least one.
class WindowSplit {
 public:
  WindowSplit() = default;
  WindowSplit(std::size_t windows, double share);

  bool any() const { return count_ > 0; }
  std::size_t count() const { return count_; }
  bool holds_out(std::size_t window) const;

 private:
  std::size_t windows_ = 0, count_ = 0;
};

/// What was seen of the inputs of a group of sites.
struct SeenInputs {
  std::shared_ptr<const calibration::Statistics> all;       ///< null: nothing
  std::shared_ptr<const calibration::Statistics> held_out;  ///< the part of `all` in windows held out; null: none
};

/// Collects both.
class InputCollector {
 public:
  InputCollector(std::int64_t cols, const std::vector<std::string>& observers, const WindowSplit& split);

  std::int64_t cols() const { return seen_->cols(); }
  void observe(std::size_t window, const float* x, std::int64_t rows) { of(window).observe(x, rows); }
  void observe_drift(std::size_t window, const float* reference, const float* x, std::int64_t rows) {
    of(window).observe_drift(reference, x, rows);
  }
  /// Ends the collection.
  SeenInputs finish();

 private:
  calibration::Statistics& of(std::size_t window) { return split_.holds_out(window) ? *held_out_ : *seen_; }

  WindowSplit split_;
  std::shared_ptr<calibration::Statistics> seen_, held_out_;
};

}  // namespace kerf::quant
