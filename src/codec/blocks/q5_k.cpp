#include "codec/blocks/super_block_row.h"

namespace kerf::codec {

extern const BlockCodec q5_k_block;

namespace {

/// As Q4_K with a fifth bit: bit g of byte i belongs to code i of group g. 5.5 bits per weight. Source: ggml,
/// ggml-common.h, block_q5_K.
struct BlockQ5K {
  SixBitHead head;
  std::uint8_t fifth_bits[32];
  std::uint8_t nibbles[128];

  void pack(const SuperBlockParts& parts) {
    head.pack(parts);
    pack_nibble_runs(parts.codes, nibbles);
    for (int i = 0; i < 32; ++i) {
      int byte = 0;
      for (int group = 0; group < 8; ++group) byte |= (parts.codes[group * 32 + i] >> 4 & 1) << group;
      fifth_bits[i] = static_cast<std::uint8_t>(byte);
    }
  }
  void unpack(const SuperBlockParts& parts) const {
    head.unpack(parts);
    unpack_nibble_runs(nibbles, parts.codes);
    for (int i = 0; i < 256; ++i) {
      parts.codes[i] = static_cast<std::uint8_t>(parts.codes[i] | (fifth_bits[i % 32] >> (i / 32) & 1) << 4);
    }
  }
};
static_assert(sizeof(BlockQ5K) == 176);

}  // namespace

const BlockCodec q5_k_block = make_super_block_codec<BlockQ5K>("q5_k", 13, "q5_1");

}  // namespace kerf::codec
