#include "codec/blocks/block_row.h"
#include "codec/float_codec.h"

namespace kerf::codec {

extern const BlockCodec mxfp4_block;

namespace {

/// w = 2^exponent * level; 4.25 bits per weight. ggml doubles the levels and halves the scale. Source: ggml,
/// ggml-common.h, block_mxfp4.
struct BlockMxfp4 {
  std::uint8_t exponent;  ///< e8m0
  std::uint8_t nibbles[16];

  void pack(const std::uint8_t* codes, const GroupParams& params) {
    exponent = f32_to_e8m0(params.scale);
    pack_nibbles(codes, nibbles);
  }
  GroupParams unpack(std::uint8_t* codes) const {
    unpack_nibbles(nibbles, codes);
    return {e8m0_to_f32(exponent), 0, 0};
  }
};
static_assert(sizeof(BlockMxfp4) == 17);

}  // namespace

const BlockCodec mxfp4_block = make_block_codec<BlockMxfp4>("mxfp4", "mxfp4", 39);

}  // namespace kerf::codec
