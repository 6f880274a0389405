#include "codec/blocks/block_row.h"
#include "codec/float_codec.h"

namespace kerf::codec {

extern const BlockCodec q4_0_block;

namespace {

/// w = scale * (code - 8); 4.5 bits per weight. Source: ggml, ggml-common.h, block_q4_0.
struct BlockQ4_0 {
  std::uint16_t scale;  ///< f16
  std::uint8_t nibbles[16];

  void pack(const std::uint8_t* codes, const GroupParams& params) {
    scale = f32_to_f16(params.scale);
    pack_nibbles(codes, nibbles);
  }
  GroupParams unpack(std::uint8_t* codes) const {
    unpack_nibbles(nibbles, codes);
    return {f16_to_f32(scale), 8, 0};
  }
};
static_assert(sizeof(BlockQ4_0) == 18);

}  // namespace

const BlockCodec q4_0_block = make_block_codec<BlockQ4_0>("q4_0", "int4-g32", 2);

}  // namespace kerf::codec
