#include "codec/block_codec.h"

namespace kerf::codec {

#define X(id) extern const BlockCodec id##_block;
#include "codec/block_codecs.def"
#undef X

namespace {

/// The schemes of block_codecs(), in its order.
const std::vector<Scheme>& block_schemes() {
  static const std::vector<Scheme> schemes = [] {
    std::vector<Scheme> result;
    for (const BlockCodec* codec : block_codecs()) result.push_back(parse_scheme(codec->scheme_name));
    return result;
  }();
  return schemes;
}

/// Do both store the same numbers, whatever their names?
bool same_storage(const Scheme& a, const Scheme& b) {
  return a.kind == b.kind && a.bits == b.bits && a.offset == b.offset && a.granularity == b.granularity &&
         a.group_size == b.group_size && a.scale_dtype == b.scale_dtype && a.levels == b.levels && a.super == b.super;
}

}  // namespace

const std::vector<const BlockCodec*>& block_codecs() {
  static const std::vector<const BlockCodec*> codecs{
#define X(id) &id##_block,
#include "codec/block_codecs.def"
#undef X
  };
  return codecs;
}

const BlockCodec* find_block_codec(const Scheme& scheme) {
  for (std::size_t i = 0; i < block_codecs().size(); ++i) {
    if (same_storage(block_schemes()[i], scheme)) return block_codecs()[i];
  }
  return nullptr;
}

const BlockCodec* find_block_codec(std::uint32_t ggml_type) {
  for (const BlockCodec* codec : block_codecs()) {
    if (codec->ggml_type == ggml_type) return codec;
  }
  return nullptr;
}

Scheme scheme_for_rows(const Scheme& scheme, std::int64_t cols) {
  const BlockCodec* codec = scheme.quantized() ? find_block_codec(scheme) : nullptr;
  if (codec == nullptr || cols % codec->block_size == 0) return scheme;
  if (codec->narrower.empty()) return parse_scheme("f16");
  return scheme_for_rows(parse_scheme(codec->narrower), cols);
}

}  // namespace kerf::codec
