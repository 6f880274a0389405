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
void merge_state(const ObserverInfo& info, Tensor& into, const Tensor& from) {
  const auto source = from.values<T>();
  auto target = into.values<T>();
  for (std::size_t i = 0; i < target.size(); ++i) {
    target[i] = info.merge == Merge::kSum   ? target[i] + source[i]
                : info.merge == Merge::kMax ? std::max(target[i], source[i])
                                            : std::min(target[i], source[i]);
  }
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
    const ObserverInfo& info = *find_observer(name);
    if (info.merge == Merge::kOwn) {
      info.merge_states(state, found->second);
    } else if (info.dtype == DType::kF64) {
      merge_state<double>(info, state, found->second);
    } else {
      merge_state<float>(info, state, found->second);
    }
  }
  tokens_ += other.tokens_;
}

void Statistics::restore(std::int64_t cols, std::int64_t tokens, std::map<std::string, Tensor, std::less<>> states) {
  cols_ = cols;
  tokens_ = tokens;
  states_ = std::move(states);
}

}  // namespace kerf::calibration
