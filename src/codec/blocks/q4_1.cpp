#include "codec/blocks/block_row.h"
#include "codec/float_codec.h"

namespace kerf::codec {

extern const BlockCodec q4_1_block;

namespace {

/// w = scale * code + minimum; 5 bits per weight. Source: ggml, ggml-common.h, block_q4_1.
struct BlockQ4_1 {
  std::uint16_t scale, minimum;  ///< f16
  std::uint8_t nibbles[16];

  void pack(const std::uint8_t* codes, const GroupParams& params) {
    scale = f32_to_f16(params.scale);
    minimum = f32_to_f16(params.minimum);
    pack_nibbles(codes, nibbles);
  }
  GroupParams unpack(std::uint8_t* codes) const {
    unpack_nibbles(nibbles, codes);
    return {f16_to_f32(scale), 0, f16_to_f32(minimum)};
  }
};
static_assert(sizeof(BlockQ4_1) == 20);

}  // namespace

const BlockCodec q4_1_block = make_block_codec<BlockQ4_1>("q4_1", "int4-g32-min", 3);

}  // namespace kerf::codec
