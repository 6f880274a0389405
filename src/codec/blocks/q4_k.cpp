#include "codec/blocks/super_block_row.h"

namespace kerf::codec {

extern const BlockCodec q4_k_block;

namespace {

/// w = scale * scale_code * code - minimum * minimum_code; groups of 32, 4.5 bits per weight. Source: ggml,
/// ggml-common.h, block_q4_K.
struct BlockQ4K {
  std::uint16_t scale, minimum;  ///< f16
  std::uint8_t group_codes[12];
  std::uint8_t nibbles[128];

  void pack(const SuperBlockParts& parts) {
    scale = f32_to_f16(*parts.scale);
    minimum = f32_to_f16(*parts.minimum);
    pack_six_bit_pairs(parts.scale_codes, parts.minimum_codes, group_codes);
    pack_nibble_runs(parts.codes, nibbles);
  }
  void unpack(const SuperBlockParts& parts) const {
    *parts.scale = f16_to_f32(scale);
    *parts.minimum = f16_to_f32(minimum);
    unpack_six_bit_pairs(group_codes, parts.scale_codes, parts.minimum_codes);
    unpack_nibble_runs(nibbles, parts.codes);
  }
};
static_assert(sizeof(BlockQ4K) == 144);

}  // namespace

const BlockCodec q4_k_block = make_super_block_codec<BlockQ4K>("q4_k", 12);

}  // namespace kerf::codec
