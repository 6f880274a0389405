#include "codec/blocks/super_block_row.h"

namespace kerf::codec {

extern const BlockCodec iq4_xs_block;

namespace {

/// w = scale * (scale_code - 32 as stored) * level; groups of 32, 4.25 bits per weight. Source: ggml, ggml-common.h,
/// block_iq4_xs.
struct BlockIq4Xs {
  std::uint16_t scale;        ///< f16
  std::uint8_t upper[2];      ///< of scale codes and 32: two bits each, a little-endian word
  std::uint8_t lower[4];      ///< four bits each
  std::uint8_t nibbles[128];  ///< each group's 16 bytes: byte j holds code j below code j + 16

  void pack(const SuperBlockParts& parts) {
    scale = f32_to_f16(*parts.scale);
    std::memset(upper, 0, sizeof(upper));
    std::memset(lower, 0, sizeof(lower));
    for (int g = 0; g < 8; ++g) {
      const int stored = parts.scale_codes[g] + 32;
      lower[g / 2] = static_cast<std::uint8_t>(lower[g / 2] | (stored & 15) << (4 * (g % 2)));
      upper[g / 4] = static_cast<std::uint8_t>(upper[g / 4] | (stored >> 4) << (2 * (g % 4)));
      for (int j = 0; j < 16; ++j) {
        const std::uint8_t* codes = parts.codes + g * 32;
        nibbles[g * 16 + j] = static_cast<std::uint8_t>((codes[j] & 15) | (codes[j + 16] & 15) << 4);
      }
    }
  }
  void unpack(const SuperBlockParts& parts) const {
    *parts.scale = f16_to_f32(scale);
    for (int g = 0; g < 8; ++g) {
      const int low = lower[g / 2] >> (4 * (g % 2)) & 15, high = upper[g / 4] >> (2 * (g % 4)) & 3;
      parts.scale_codes[g] = static_cast<std::int8_t>((low | high << 4) - 32);
      for (int j = 0; j < 16; ++j) {
        parts.codes[g * 32 + j] = nibbles[g * 16 + j] & 15;
        parts.codes[g * 32 + 16 + j] = nibbles[g * 16 + j] >> 4;
      }
    }
  }
};
static_assert(sizeof(BlockIq4Xs) == 136);

}  // namespace

const BlockCodec iq4_xs_block = make_super_block_codec<BlockIq4Xs>("iq4_xs", 23, "iq4_nl");

}  // namespace kerf::codec
