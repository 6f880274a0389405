// Byte-level tokens back to text: their characters stand for bytes.

#include <memory>
#include <string>
#include <vector>

#include "text/byte_alphabet.h"
#include "text/decoder.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

/// The bytes of a token; a token with a character outside of the alphabet (an added one) stands for itself.
void append_bytes(std::string& out, const std::string& token) {
  const std::size_t begin = out.size();
  for (std::size_t at = 0; at < token.size();) {
    const CodePoint c = code_point_at(token, at);
    at += c.bytes;
    const int byte = byte_of_character(c.value);
    if (byte < 0) {
      out.replace(begin, std::string::npos, token);
      return;
    }
    out += static_cast<char>(byte);
  }
}

class ByteLevel : public Decoder {
 public:
  explicit ByteLevel(const JsonCursor& json) { expect_keys(json, {"add_prefix_space", "trim_offsets", "use_regex"}); }

  void decode(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (const auto& token : tokens) append_bytes(bytes, token);
    tokens.assign(1, lossy_utf8(bytes));
  }
};

std::unique_ptr<Decoder> make(const JsonCursor& json) { return std::make_unique<ByteLevel>(json); }

}  // namespace

const DecoderInfo& byte_level_decoder() {
  static const DecoderInfo info{"ByteLevel", "GPT-2's printable alphabet back to bytes", make};
  return info;
}

}  // namespace kerf::text
