#include "codec/blocks/super_block_row.h"

namespace kerf::codec {

extern const BlockCodec q4_k_block;

namespace {

/// w = scale * scale_code * code - minimum * minimum_code; groups of 32, 4.5 bits per weight. Source: ggml,
/// ggml-common.h, block_q4_K.
struct BlockQ4K {
  SixBitHead head;
  std::uint8_t nibbles[128];

  void pack(const SuperBlockParts& parts) {
    head.pack(parts);
    pack_nibble_runs(parts.codes, nibbles);
  }
  void unpack(const SuperBlockParts& parts) const {
    head.unpack(parts);
    unpack_nibble_runs(nibbles, parts.codes);
  }
};
static_assert(sizeof(BlockQ4K) == 144);

}  // namespace

const BlockCodec q4_k_block = make_super_block_codec<BlockQ4K>("q4_k", 12, "q5_0");

}  // namespace kerf::codec
