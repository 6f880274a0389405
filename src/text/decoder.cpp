#include "text/decoder.h"

namespace kerf::text {

const std::vector<const DecoderInfo*>& decoders() {
  static const std::vector<const DecoderInfo*> all = {
#define X(name) &name##_decoder(),
#include "text/decoders.def"
#undef X
  };
  return all;
}

std::unique_ptr<Decoder> make_decoder(const JsonCursor& json) { return make_component("decoder", decoders(), json); }

}  // namespace kerf::text
