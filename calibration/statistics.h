#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "calibration/observer.h"
#include "core/tensor.h"

namespace kerf::calibration {

/// What was observed about the inputs of one group of linear sites.
class Statistics {
 public:
  Statistics() = default;
  /// Starts collecting with the named observers (see observers.def).
  Statistics(std::int64_t cols, const std::vector<std::string>& observer_names);

  std::int64_t cols() const { return cols_; }
  std::int64_t tokens() const { return tokens_; }
  bool has(std::string_view observer) const { return states_.contains(observer); }
  const Tensor& state(std::string_view observer) const { return states_.find(observer)->second; }
  const std::map<std::string, Tensor, std::less<>>& states() const { return states_; }

  /// Adds tokens x [rows, cols].
  void observe(const float* x, std::int64_t rows);
  /// Adds to drift() what tokens x [rows, cols] are off from the reference's.
  void observe_drift(const float* reference, const float* x, std::int64_t rows);
  /// Sum over tokens of (r - x) x^T [cols, cols], r what the reference has where x is; not defined() if nobody looked.
  const Tensor& drift() const { return drift_; }
  /// Adds what another text gave. Both must have the same channels and observers (Error kInput otherwise).
  void merge(const Statistics& other);
  /// What is left without a part of the text, whose statistics were merged into these. What is no sum stays as it
  /// is.
  Statistics without(const Statistics& part) const;
  /// For readers of saved statistics.
  void restore(std::int64_t cols, std::int64_t tokens, std::map<std::string, Tensor, std::less<>> states);

 private:
  std::int64_t cols_ = 0, tokens_ = 0;
  std::map<std::string, Tensor, std::less<>> states_;
  Tensor drift_;
};

/// Statistics of a whole model on its reference stream, by weight name. Weights that read the same value share one
/// entry.
struct ModelStatistics {
  std::map<std::string, std::shared_ptr<const Statistics>> by_weight;
  std::int64_t windows = 0, tokens = 0;
  std::string text_sha256;  ///< of the token ids that were run; empty: not known
  bool partial = false;     ///< there may be weights that nothing is known about
};

}  // namespace kerf::calibration
