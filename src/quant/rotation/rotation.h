#pragma once

#include <cstdint>
#include <vector>

namespace kerf::quant {

/// An orthogonal matrix Q [n, n] that spreads every coordinate over all of them: random signs, then the Kronecker
/// product of a Hadamard matrix of n's power of two and an orthonormal cosine transform (type II) of the odd rest
/// (Ashkboos et al. 2024, arXiv:2404.00456, section 3: a randomized Hadamard matrix, where n is a power of two).
class Rotation {
 public:
  /// The same for the same n and seed, everywhere.
  Rotation(std::int64_t n, std::uint64_t seed);
  std::int64_t size() const { return static_cast<std::int64_t>(signs_.size()); }
  /// x := x Q, for a row x of n values.
  void apply(double* x) const;

 private:
  std::int64_t odd_ = 1;
  std::vector<double> signs_;
  std::vector<double> cosines_;  ///< [odd, odd]
};

}  // namespace kerf::quant
