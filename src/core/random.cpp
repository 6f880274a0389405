#include "core/random.h"

#include <algorithm>

namespace kerf {

std::uint64_t Random::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::uint64_t Random::below(std::uint64_t bound) {
  // Rejection: the lowest (2^64 mod bound) values would make some results likelier.
  const std::uint64_t threshold = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t value = next();
    if (value >= threshold) return value % bound;
  }
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::vector<std::int64_t> Random::sample(std::int64_t total, std::int64_t count) {
  // Selection sampling (Knuth, TAOCP vol. 2, algorithm 3.4.2S): ascending by construction.
  std::vector<std::int64_t> chosen;
  for (std::int64_t i = 0; i < total && static_cast<std::int64_t>(chosen.size()) < count; ++i) {
    const auto wanted = static_cast<std::uint64_t>(count) - chosen.size();
    if (below(static_cast<std::uint64_t>(total - i)) < wanted) chosen.push_back(i);
  }
  return chosen;
}

}  // namespace kerf
