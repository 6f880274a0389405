#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "codec/quantized_tensor.h"
#include "codec/scheme.h"

namespace kerf::codec {

/// How the parameters of a group are chosen.
enum class FitRule {
  kRange,   ///< by its smallest and largest value (Grid::fit)
  kSearch,  ///< for the least weighted sum of squared errors among many ranges; never above that of kRange
};

/// Chooses the parameters of rows of a weight: of each group by itself, or of all groups of a super-block together.
/// Stateless, thread-safe. For schemes with super-blocks kRange searches too, with equal weights: their files name no
/// other rule.
class Fitter {
 public:
  virtual ~Fitter() = default;

  /// Columns whose parameters are chosen together.
  std::int64_t width(std::int64_t cols) const;
  /// Chooses those of `values`, the columns from `col` on of `row`, at most width(cols) of them, and stores them in
  /// `out`; codes are not touched. `importance`: a weight of each value's squared error, not negative; empty: equal.
  /// False if a scale or minimum does not fit its dtype or a value is not finite.
  [[nodiscard]] virtual bool fit(std::span<const float> values, std::span<const float> importance, QuantizedTensor& out,
                                 std::int64_t row, std::int64_t col) const = 0;

 protected:
  explicit Fitter(Scheme scheme) : scheme_(std::move(scheme)) {}
  const Scheme& scheme() const { return scheme_; }

 private:
  Scheme scheme_;
};

/// Errors as make_grid().
std::unique_ptr<const Fitter> make_fitter(const Scheme& scheme, FitRule rule);

}  // namespace kerf::codec
