// The cleaning of Google's translation models: no control characters, one kind of space.

#include <memory>
#include <string>
#include <utility>

#include "text/normalizer.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

bool is_removed(char32_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
}

bool is_space(char32_t c) {
  return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

class Nmt : public Normalizer {
 public:
  explicit Nmt(const JsonCursor& json) { expect_keys(json, {}); }

  void normalize(std::string& text) const override {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const CodePoint c = code_point_at(text, at);
      if (is_space(c.value)) {
        out += ' ';
      } else if (!is_removed(c.value)) {
        out.append(text, at, c.bytes);
      }
      at += c.bytes;
    }
    text = std::move(out);
  }
};

std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<Nmt>(json); }

}  // namespace

const NormalizerInfo& nmt_normalizer() {
  static const NormalizerInfo info{"Nmt", "no control characters, one kind of space", make};
  return info;
}

}  // namespace kerf::text
