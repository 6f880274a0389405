#include "codec/blocks/super_block_row.h"

namespace kerf::codec {

extern const BlockCodec q3_k_block;

namespace {

/// w = scale * (scale_code - 32 as stored) * (code - 4); groups of 16, 3.4375 bits per weight. Source: ggml,
/// ggml-common.h, block_q3_K.
struct BlockQ3K {
  std::uint8_t third_bits[32];  ///< bit p of byte i belongs to code p * 32 + i
  std::uint8_t pairs[64];
  /// Scale codes and 32, six bits: low halves of codes 0 to 7 below those of 8 to 15 in bytes 0 to 7; the upper two
  /// bits of code g in byte 8 + g % 4 from bit 2 * (g / 4) on.
  std::uint8_t group_codes[12];
  std::uint16_t scale;  ///< f16

  void pack(const SuperBlockParts& parts) {
    scale = f32_to_f16(*parts.scale);
    std::memset(group_codes, 0, sizeof(group_codes));
    for (int g = 0; g < 16; ++g) {
      const int stored = parts.scale_codes[g] + 32;
      group_codes[g % 8] = static_cast<std::uint8_t>(group_codes[g % 8] | (stored & 15) << (g < 8 ? 0 : 4));
      group_codes[8 + g % 4] = static_cast<std::uint8_t>(group_codes[8 + g % 4] | (stored >> 4) << (2 * (g / 4)));
    }
    pack_bit_pairs(parts.codes, pairs);
    for (int i = 0; i < 32; ++i) {
      int byte = 0;
      for (int part = 0; part < 8; ++part) byte |= (parts.codes[part * 32 + i] >> 2 & 1) << part;
      third_bits[i] = static_cast<std::uint8_t>(byte);
    }
  }
  void unpack(const SuperBlockParts& parts) const {
    *parts.scale = f16_to_f32(scale);
    for (int g = 0; g < 16; ++g) {
      const int low = group_codes[g % 8] >> (g < 8 ? 0 : 4) & 15, high = group_codes[8 + g % 4] >> (2 * (g / 4)) & 3;
      parts.scale_codes[g] = static_cast<std::int8_t>((low | high << 4) - 32);
    }
    unpack_bit_pairs(pairs, parts.codes);
    for (int i = 0; i < 256; ++i) {
      parts.codes[i] = static_cast<std::uint8_t>(parts.codes[i] | (third_bits[i % 32] >> (i / 32) & 1) << 2);
    }
  }
};
static_assert(sizeof(BlockQ3K) == 110);

}  // namespace

const BlockCodec q3_k_block = make_super_block_codec<BlockQ3K>("q3_k", 11, "q4_0");

}  // namespace kerf::codec
