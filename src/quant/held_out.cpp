#include "quant/held_out.h"

#include <algorithm>
#include <cmath>

namespace kerf::quant {

WindowSplit::WindowSplit(std::size_t windows, double share) : windows_(windows) {
  constexpr std::size_t kEnoughForOne = 8;
  if (!(share > 0)) return;
  // The small number keeps a share such as 0.1 of ten windows from being none.
  count_ = static_cast<std::size_t>(std::floor(static_cast<double>(windows) * share + 1e-9));
  if (count_ == 0 && windows >= kEnoughForOne) count_ = 1;
}

bool WindowSplit::holds_out(std::size_t window) const {
  return windows_ > 0 && (window + 1) * count_ / windows_ > window * count_ / windows_;
}

InputCollector::InputCollector(std::int64_t cols, const std::vector<std::string>& observers, const WindowSplit& split)
    : split_(split), seen_(std::make_shared<calibration::Statistics>(cols, observers)) {
  if (split.any()) held_out_ = std::make_shared<calibration::Statistics>(cols, observers);
}

SeenInputs InputCollector::finish() {
  if (held_out_ != nullptr) seen_->merge(*held_out_);
  return {std::move(seen_), std::move(held_out_)};
}

}  // namespace kerf::quant
