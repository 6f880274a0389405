#include "codec/blocks/super_block_row.h"

namespace kerf::codec {

extern const BlockCodec q6_k_block;

namespace {

/// w = scale * scale_code * (code - 32); groups of 16, 6.5625 bits per weight. Source: ggml, ggml-common.h, block_q6_K.
struct BlockQ6K {
  std::uint8_t low[128];  ///< four bits of each code: byte i of a half holds codes i and i + 64 (up to 63) of that half
  std::uint8_t high[64];  ///< two bits of each
  std::int8_t group_codes[16];
  std::uint16_t scale;  ///< f16

  void pack(const SuperBlockParts& parts) {
    scale = f32_to_f16(*parts.scale);
    std::memcpy(group_codes, parts.scale_codes, sizeof(group_codes));
    std::uint8_t upper[256];
    for (int i = 0; i < 256; ++i) upper[i] = parts.codes[i] >> 4;
    pack_bit_pairs(upper, high);
    for (int half = 0; half < 2; ++half) {
      const std::uint8_t* codes = parts.codes + half * 128;
      for (int i = 0; i < 64; ++i) {
        low[half * 64 + i] = static_cast<std::uint8_t>((codes[i] & 15) | (codes[i + 64] & 15) << 4);
      }
    }
  }
  void unpack(const SuperBlockParts& parts) const {
    *parts.scale = f16_to_f32(scale);
    std::memcpy(parts.scale_codes, group_codes, sizeof(group_codes));
    unpack_bit_pairs(high, parts.codes);
    for (int half = 0; half < 2; ++half) {
      std::uint8_t* codes = parts.codes + half * 128;
      for (int i = 0; i < 64; ++i) {
        codes[i] = static_cast<std::uint8_t>(codes[i] << 4 | (low[half * 64 + i] & 15));
        codes[i + 64] = static_cast<std::uint8_t>(codes[i + 64] << 4 | low[half * 64 + i] >> 4);
      }
    }
  }
};
static_assert(sizeof(BlockQ6K) == 210);

}  // namespace

const BlockCodec q6_k_block = make_super_block_codec<BlockQ6K>("q6_k", 14, "q8_0");

}  // namespace kerf::codec
