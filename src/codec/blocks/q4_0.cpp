#include "codec/blocks/block_row.h"

namespace kerf::codec {

extern const BlockCodec q4_0_block;

namespace {

/// w = scale * (code - 8); 4.5 bits per weight. Source: ggml, ggml-common.h, block_q4_0.
using BlockQ4_0 = NibbleBlock<8>;
static_assert(sizeof(BlockQ4_0) == 18);

}  // namespace

const BlockCodec q4_0_block = make_block_codec<BlockQ4_0>("q4_0", "int4-g32", 2);

}  // namespace kerf::codec
