#include "codec/blocks/super_block_row.h"

namespace kerf::codec {

extern const BlockCodec q2_k_block;

namespace {

/// w = scale * scale_code * code - minimum * minimum_code; groups of 16, 2.625 bits per weight. Source: ggml,
/// ggml-common.h, block_q2_K.
struct BlockQ2K {
  std::uint8_t group_codes[16];  ///< scale code below minimum code
  std::uint8_t pairs[64];
  std::uint16_t scale, minimum;  ///< f16

  void pack(const SuperBlockParts& parts) {
    scale = f32_to_f16(*parts.scale);
    minimum = f32_to_f16(*parts.minimum);
    for (int g = 0; g < 16; ++g) {
      group_codes[g] = static_cast<std::uint8_t>((parts.scale_codes[g] & 15) | (parts.minimum_codes[g] & 15) << 4);
    }
    pack_bit_pairs(parts.codes, pairs);
  }
  void unpack(const SuperBlockParts& parts) const {
    *parts.scale = f16_to_f32(scale);
    *parts.minimum = f16_to_f32(minimum);
    for (int g = 0; g < 16; ++g) {
      parts.scale_codes[g] = static_cast<std::int8_t>(group_codes[g] & 15);
      parts.minimum_codes[g] = group_codes[g] >> 4;
    }
    unpack_bit_pairs(pairs, parts.codes);
  }
};
static_assert(sizeof(BlockQ2K) == 84);

}  // namespace

const BlockCodec q2_k_block = make_super_block_codec<BlockQ2K>("q2_k", 10, "q4_0");

}  // namespace kerf::codec
