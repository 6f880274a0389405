#include "codec/blocks/block_row.h"
#include "codec/float_codec.h"

namespace kerf::codec {

extern const BlockCodec q5_0_block;

namespace {

/// w = scale * (code - 16); 5.5 bits per weight. Source: ggml, ggml-common.h, block_q5_0.
struct BlockQ5_0 {
  std::uint16_t scale;  ///< f16
  std::uint8_t fifth_bits[4];
  std::uint8_t nibbles[16];

  void pack(const std::uint8_t* codes, const GroupParams& params) {
    scale = f32_to_f16(params.scale);
    pack_fifth_bits(codes, fifth_bits);
    pack_nibbles(codes, nibbles);
  }
  GroupParams unpack(std::uint8_t* codes) const {
    unpack_nibbles(nibbles, codes);
    unpack_fifth_bits(fifth_bits, codes);
    return {f16_to_f32(scale), 16, 0};
  }
};
static_assert(sizeof(BlockQ5_0) == 22);

}  // namespace

const BlockCodec q5_0_block = make_block_codec<BlockQ5_0>("q5_0", "int5-g32", 6);

}  // namespace kerf::codec
