#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace kerf::calibration {

/// How two states of an observer become the state of both texts together.
enum class Merge { kSum, kMax, kMin, kOwn };

/// Something collected about the inputs x of a linear site, token by token. calibration/observers.def lists them all;
/// each is one file in calibration/observers.
struct ObserverInfo {
  std::string_view name;     ///< "mean_abs": also the tensor's name in a statistics file
  std::string_view summary;  ///< with the formula
  std::string_view source;
  DType dtype;
  Merge merge;
  /// Shape of the state for `cols` input channels.
  Shape (*shape)(std::int64_t cols);
  /// Adds `rows` tokens x [rows, cols] to a state that was zero at first. May use parallel_for; the order of sums does
  /// not depend on the number of threads.
  void (*observe)(const float* x, std::int64_t rows, std::int64_t cols, Tensor& state);
  /// Merge::kOwn: makes `into` the state of its text followed by that of `from`.
  void (*merge_states)(Tensor& into, const Tensor& from) = nullptr;
  bool by_window = false;  ///< tokens that come together are one piece of text; otherwise each counts by itself
};

const std::vector<const ObserverInfo*>& observers();
const ObserverInfo* find_observer(std::string_view name);

}  // namespace kerf::calibration
