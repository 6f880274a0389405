#include "codec/blocks/block_row.h"

namespace kerf::codec {

extern const BlockCodec iq4_nl_block;

namespace {

/// w = scale * level; 4.5 bits per weight. Source: ggml, ggml-common.h, block_iq4_nl.
using BlockIq4Nl = NibbleBlock<0>;
static_assert(sizeof(BlockIq4Nl) == 18);

}  // namespace

const BlockCodec iq4_nl_block = make_block_codec<BlockIq4Nl>("iq4_nl", "iq4_nl", 20);

}  // namespace kerf::codec
