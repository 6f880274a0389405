#include "codec/block_codec.h"
#include "codec/scheme.h"

namespace kerf::codec {

const SchemeFamily& gguf_family();

namespace {

/// GGUF names a block where kerf names the numbers in it; both name the same scheme.
std::optional<Scheme> parse(std::string_view lower_case_name) {
  for (const BlockCodec* codec : block_codecs()) {
    if (codec->name == lower_case_name) return parse_scheme(codec->scheme_name);
  }
  return std::nullopt;
}

std::vector<std::string> block_names() {
  std::vector<std::string> names;
  // The others are schemes by that name already.
  for (const BlockCodec* codec : block_codecs()) {
    if (codec->name != codec->scheme_name) names.emplace_back(codec->name);
  }
  return names;
}

}  // namespace

const SchemeFamily& gguf_family() {
  static const SchemeFamily family{
      .name = "gguf",
      .grammar = "a block type of GGUF",
      .summary = "GGUF's names for schemes that its blocks hold exactly: q4_0 is int4-g32 by another name",
      .examples = block_names(),
      .parse = parse,
  };
  return family;
}

}  // namespace kerf::codec
