#include "codec/blocks/block_row.h"
#include "codec/float_codec.h"

namespace kerf::codec {

extern const BlockCodec iq4_nl_block;

namespace {

/// w = scale * level; 4.5 bits per weight. Source: ggml, ggml-common.h, block_iq4_nl.
struct BlockIq4Nl {
  std::uint16_t scale;  ///< f16
  std::uint8_t nibbles[16];

  void pack(const std::uint8_t* codes, const GroupParams& params) {
    scale = f32_to_f16(params.scale);
    pack_nibbles(codes, nibbles);
  }
  GroupParams unpack(std::uint8_t* codes) const {
    unpack_nibbles(nibbles, codes);
    return {f16_to_f32(scale), 0, 0};
  }
};
static_assert(sizeof(BlockIq4Nl) == 18);

}  // namespace

const BlockCodec iq4_nl_block = make_block_codec<BlockIq4Nl>("iq4_nl", "iq4_nl", 20);

}  // namespace kerf::codec
