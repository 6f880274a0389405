#include "codec/blocks/block_row.h"
#include "codec/float_codec.h"

namespace kerf::codec {

extern const BlockCodec q5_1_block;

namespace {

/// w = scale * code + minimum; 6 bits per weight. Source: ggml, ggml-common.h, block_q5_1.
struct BlockQ5_1 {
  std::uint16_t scale, minimum;  ///< f16
  std::uint8_t fifth_bits[4];
  std::uint8_t nibbles[16];

  void pack(const std::uint8_t* codes, const GroupParams& params) {
    scale = f32_to_f16(params.scale);
    minimum = f32_to_f16(params.minimum);
    pack_fifth_bits(codes, fifth_bits);
    pack_nibbles(codes, nibbles);
  }
  GroupParams unpack(std::uint8_t* codes) const {
    unpack_nibbles(nibbles, codes);
    unpack_fifth_bits(fifth_bits, codes);
    return {f16_to_f32(scale), 0, f16_to_f32(minimum)};
  }
};
static_assert(sizeof(BlockQ5_1) == 24);

}  // namespace

const BlockCodec q5_1_block = make_block_codec<BlockQ5_1>("q5_1", "int5-g32-min", 7);

}  // namespace kerf::codec
