#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kerf::codec {

/// What each code of a scheme stands for before the scale, where that is no integer: w = scale * values[code].
struct LevelTable {
  std::string_view name;          ///< "nf4"
  std::string_view source;        ///< whose definition it is
  int bits;                       ///< of a code
  std::span<const float> values;  ///< [2^bits] by code; NaN: a code that no weight gets

  /// The level of largest magnitude; of two the negative one.
  float extreme() const;
  /// Are the levels the same on both sides of 0?
  bool symmetric() const;
};

const std::vector<const LevelTable*>& level_tables();
/// nullptr if there is none of that name.
const LevelTable* find_level_table(std::string_view name);

}  // namespace kerf::codec
