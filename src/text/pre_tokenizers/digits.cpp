// Separates numbers from everything else, as a whole or each digit on its own.

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "text/pattern_split.h"
#include "text/pre_tokenizer.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

/// General category N, of Unicode 17 here: Hugging Face's library asks Rust's standard library, which is newer than its
/// regular expressions.
bool is_number(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  return general_category(c)[0] == 'N' || (c >= 0x11DE0 && c <= 0x11DE9) || (c >= 0x16FF4 && c <= 0x16FF6);
}

class Digits : public PreTokenizer {
 public:
  explicit Digits(const JsonCursor& json)
      : behavior_(json.at("individual_digits").as_bool() ? SplitBehavior::kIsolated : SplitBehavior::kContiguous) {
    expect_keys(json, {"individual_digits"});
  }

  void split(Pieces& pieces) const override {
    std::vector<Span> spans;
    std::vector<Part> parts;
    for (const Span piece : pieces.spans) {
      parts.clear();
      find_parts(pieces.text, piece, parts);
      append_pieces(parts, behavior_, spans);
    }
    pieces.spans = std::move(spans);
  }

 private:
  static void find_parts(std::string_view text, Span piece, std::vector<Part>& parts) {
    std::uint32_t previous = piece.begin;
    for (std::uint32_t at = piece.begin; at < piece.end;) {
      const CodePoint c = code_point_at(text, at);
      const auto next = static_cast<std::uint32_t>(at + c.bytes);
      if (is_number(c.value)) {
        if (previous != at) parts.push_back({{previous, at}, false});
        parts.push_back({{at, next}, true});
        previous = next;
      }
      at = next;
    }
    if (previous != piece.end) parts.push_back({{previous, piece.end}, false});
  }

  SplitBehavior behavior_;
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<Digits>(json); }

}  // namespace

const PreTokenizerInfo& digits_pre_tokenizer() {
  static const PreTokenizerInfo info{"Digits", "separates numbers, as a whole or digit by digit", make};
  return info;
}

}  // namespace kerf::text
