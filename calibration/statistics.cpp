#include "calibration/statistics.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/threads.h"
#include "ops/linalg.h"

namespace kerf::calibration {

Statistics::Statistics(std::int64_t cols, const std::vector<std::string>& observer_names) : cols_(cols) {
  for (const std::string& name : observer_names) {
    const ObserverInfo* info = find_observer(name);
    if (info == nullptr) throw std::logic_error("no observer " + name);
    states_.emplace(name, Tensor::zeros(info->dtype, info->shape(cols)));
  }
}

void Statistics::observe(const float* x, std::int64_t rows) {
  for (auto& [name, state] : states_) find_observer(name)->observe(x, rows, cols_, state);
  tokens_ += rows;
}

void Statistics::observe_drift(const float* reference, const float* x, std::int64_t rows) {
  /// Rows of the matrix that one task sums: fixed, so that sums do not depend on the number of threads.
  constexpr std::int64_t kRowsAtOnce = 128;
  if (!drift_.defined()) drift_ = Tensor::zeros(DType::kF32, {cols_, cols_});
  std::vector<float> off(static_cast<std::size_t>(rows * cols_));
  for (std::size_t i = 0; i < off.size(); ++i) off[i] = reference[i] - x[i];
  float* const sums = drift_.data<float>();
  parallel_for(div_up(cols_, kRowsAtOnce), [&](std::int64_t task) {
    const std::int64_t first = task * kRowsAtOnce, count = std::min(kRowsAtOnce, cols_ - first);
    ops::linalg::gemm(true, false, count, cols_, rows, 1.0f, off.data() + first, cols_, x, cols_, 1.0f,
                      sums + first * cols_, cols_);
  });
}

namespace {

template <typename T>
void merge_values(Merge merge, Tensor& into, const Tensor& from) {
  const auto source = from.values<T>();
  auto target = into.values<T>();
  for (std::size_t i = 0; i < target.size(); ++i) {
    target[i] = merge == Merge::kSum   ? target[i] + source[i]
                : merge == Merge::kMax ? std::max(target[i], source[i])
                                       : std::min(target[i], source[i]);
  }
}

void merge_state(const ObserverInfo& info, Tensor& into, const Tensor& from) {
  if (info.merge == Merge::kOwn) {
    info.merge_states(into, from);
  } else if (info.dtype == DType::kF64) {
    merge_values<double>(info.merge, into, from);
  } else {
    merge_values<float>(info.merge, into, from);
  }
}

template <typename T>
Tensor difference(const Tensor& whole, const Tensor& part) {
  Tensor result = whole.clone();
  auto target = result.values<T>();
  const auto source = part.values<T>();
  for (std::size_t i = 0; i < target.size(); ++i) target[i] -= source[i];
  return result;
}

Tensor state_without(const ObserverInfo& info, const Tensor& whole, const Tensor& part) {
  if (info.merge != Merge::kSum) return whole;
  return info.dtype == DType::kF64 ? difference<double>(whole, part) : difference<float>(whole, part);
}

}  // namespace

void Statistics::merge(const Statistics& other) {
  if (other.cols_ != cols_) {
    throw_input("", "", fmt::format("statistics of {} and of {} channels cannot be merged", cols_, other.cols_));
  }
  for (auto& [name, state] : states_) {
    const auto found = other.states_.find(name);
    if (found == other.states_.end())
      throw_input("", "", fmt::format("'{}' was collected in only one of the files", name));
    merge_state(*find_observer(name), state, found->second);
  }
  if (other.drift_.defined()) {
    if (!drift_.defined()) drift_ = Tensor::zeros(DType::kF32, {cols_, cols_});
    merge_values<float>(Merge::kSum, drift_, other.drift_);
  }
  tokens_ += other.tokens_;
}

Statistics Statistics::without(const Statistics& part) const {
  Statistics result;
  result.cols_ = cols_;
  result.tokens_ = tokens_ - part.tokens_;
  for (const auto& [name, state] : states_) {
    result.states_.emplace(name, state_without(*find_observer(name), state, part.state(name)));
  }
  if (drift_.defined()) result.drift_ = part.drift_.defined() ? difference<float>(drift_, part.drift_) : drift_;
  return result;
}

void Statistics::restore(std::int64_t cols, std::int64_t tokens, std::map<std::string, Tensor, std::less<>> states) {
  cols_ = cols;
  tokens_ = tokens;
  states_ = std::move(states);
}

}  // namespace kerf::calibration
