#pragma once

#include <cstdint>
#include <vector>

namespace kerf {

/// splitmix64 (Steele, Lea & Flood 2014): small, and the same sequence on every platform, unlike the distributions of
/// the standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// Uniform in [0, bound), without modulo bias.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1).
  double uniform();
  /// `count` different indices of [0, total), ascending.
  std::vector<std::int64_t> sample(std::int64_t total, std::int64_t count);

 private:
  std::uint64_t state_;
};

}  // namespace kerf
