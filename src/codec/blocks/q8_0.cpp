#include "codec/blocks/block_row.h"
#include "codec/float_codec.h"

namespace kerf::codec {

extern const BlockCodec q8_0_block;

namespace {

/// w = scale * value; 8.5 bits per weight. A value is the code less 128; -128 occurs only in files of other tools.
/// Source: ggml, ggml-common.h, block_q8_0.
struct BlockQ8_0 {
  std::uint16_t scale;  ///< f16
  std::uint8_t values[kBlockValues];

  void pack(const std::uint8_t* codes, const GroupParams& params) {
    scale = f32_to_f16(params.scale);
    for (int j = 0; j < kBlockValues; ++j) values[j] = codes[j] ^ 128;  // the same as subtracting 128 from a byte
  }
  GroupParams unpack(std::uint8_t* codes) const {
    for (int j = 0; j < kBlockValues; ++j) codes[j] = values[j] ^ 128;
    return {f16_to_f32(scale), 128, 0};
  }
};
static_assert(sizeof(BlockQ8_0) == 34);

}  // namespace

const BlockCodec q8_0_block = make_block_codec<BlockQ8_0>("q8_0", "int8-g32", 8);

}  // namespace kerf::codec
