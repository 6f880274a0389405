#include "codec/levels.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "codec/float_codec.h"
#include "core/dtype.h"

namespace kerf::codec {
namespace {

constexpr std::array<float, 16> kE2M1 = {0, 0.5F, 1, 1.5F, 2, 3, 4, 6, -0.0F, -0.5F, -1, -1.5F, -2, -3, -4, -6};

constexpr std::array<float, 16> kNf4 = {-1.0F,
                                        -0.6961928009986877F,
                                        -0.5250730514526367F,
                                        -0.39491748809814453F,
                                        -0.28444138169288635F,
                                        -0.18477343022823334F,
                                        -0.09105003625154495F,
                                        0.0F,
                                        0.07958029955625534F,
                                        0.16093020141124725F,
                                        0.24611230194568634F,
                                        0.33791524171829224F,
                                        0.44070982933044434F,
                                        0.5626170039176941F,
                                        0.7229568362236023F,
                                        1.0F};

constexpr std::array<float, 16> kFp4 = {
    0,     0.005208333333F,  0.66666667F,  1,  0.33333333F,  0.5F,  0.16666667F,  0.25F,
    -0.0F, -0.005208333333F, -0.66666667F, -1, -0.33333333F, -0.5F, -0.16666667F, -0.25F};

constexpr std::array<float, 16> kIq4 = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/// All values of an 8-bit floating dtype by their bits; infinities are no levels.
std::array<float, 256> float8_values(DType dtype) {
  std::array<std::byte, 256> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  std::array<float, 256> values;
  decode_floats(dtype, bytes, values);
  for (float& value : values) value = std::isfinite(value) ? value : NAN;
  return values;
}

}  // namespace

float LevelTable::extreme() const {
  float extreme = 0;
  for (const float value : values) {
    if (std::abs(value) > std::abs(extreme) || (value == -extreme && value < 0)) extreme = value;
  }
  return extreme;
}

bool LevelTable::symmetric() const {
  return std::all_of(values.begin(), values.end(), [&](float value) {
    return std::isnan(value) || std::find(values.begin(), values.end(), -value) != values.end();
  });
}

const std::vector<const LevelTable*>& level_tables() {
  static const std::array<float, 256> e4m3 = float8_values(DType::kF8E4M3), e5m2 = float8_values(DType::kF8E5M2);
  static const std::array<LevelTable, 6> tables = {{
      {"e2m1", "OCP Microscaling Formats (MX) 1.0, section 5.3.3", 4, kE2M1},
      {"nf4", "Dettmers et al. 2023, arXiv:2305.14314, appendix E", 4, kNf4},
      {"fp4", "bitsandbytes, the 4-bit floats of its quantize_4bit", 4, kFp4},
      {"iq4", "ggml, kvalues_iq4nl", 4, kIq4},
      {"f8_e4m3", "Micikevicius et al. 2022, arXiv:2209.05433", 8, e4m3},
      {"f8_e5m2", "Micikevicius et al. 2022, arXiv:2209.05433", 8, e5m2},
  }};
  static const std::vector<const LevelTable*> all = [] {
    std::vector<const LevelTable*> result;
    for (const LevelTable& table : tables) result.push_back(&table);
    return result;
  }();
  return all;
}

const LevelTable* find_level_table(std::string_view name) {
  for (const LevelTable* table : level_tables()) {
    if (table->name == name) return table;
  }
  return nullptr;
}

}  // namespace kerf::codec
