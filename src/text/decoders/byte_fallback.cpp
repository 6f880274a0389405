// Tokens like <0xE2> back to the bytes that they name.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/strings.h"
#include "text/decoder.h"

namespace kerf::text {
namespace {

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<char> byte_of(const std::string& token) {
  if (token.size() != 6 || !starts_with(token, "<0x") || token[5] != '>') return std::nullopt;
  const int high = hexadecimal(token[3]), low = hexadecimal(token[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

/// A run of bytes that is valid UTF-8 is one string; of another each byte is U+FFFD.
void flush(std::string& bytes, std::vector<std::string>& out) {
  if (bytes.empty()) return;
  if (find_invalid_utf8(bytes)) {
    out.insert(out.end(), bytes.size(), "\xEF\xBF\xBD");
  } else {
    out.push_back(bytes);
  }
  bytes.clear();
}

class ByteFallback : public Decoder {
 public:
  explicit ByteFallback(const JsonCursor& json) { expect_keys(json, {}); }

  void decode(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string bytes;
    for (auto& token : tokens) {
      if (const auto byte = byte_of(token)) {
        bytes += *byte;
        continue;
      }
      flush(bytes, out);
      out.push_back(std::move(token));
    }
    flush(bytes, out);
    tokens = std::move(out);
  }
};

std::unique_ptr<Decoder> make(const JsonCursor& json) { return std::make_unique<ByteFallback>(json); }

}  // namespace

const DecoderInfo& byte_fallback_decoder() {
  static const DecoderInfo info{"ByteFallback", "tokens like <0xE2> back to bytes", make};
  return info;
}

}  // namespace kerf::text
