// The bytes of a text in GPT-2's printable alphabet.

#include <memory>
#include <string>
#include <utility>

#include "text/byte_alphabet.h"
#include "text/normalizer.h"

namespace kerf::text {
namespace {

class ByteLevel : public Normalizer {
 public:
  explicit ByteLevel(const JsonCursor& json) { expect_keys(json, {}); }

  void normalize(std::string& text) const override {
    std::string out;
    append_byte_level(out, text);
    text = std::move(out);
  }
};

std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<ByteLevel>(json); }

}  // namespace

const NormalizerInfo& byte_level_normalizer() {
  static const NormalizerInfo info{"ByteLevel", "bytes in a printable alphabet", make};
  return info;
}

}  // namespace kerf::text
