// Separates numbers from everything else, as a whole or each digit on its own.

#include <memory>

#include "text/character_split.h"
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

  void split(Pieces& pieces) const override { split_at_characters(pieces, behavior_, is_number); }

 private:
  SplitBehavior behavior_;
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<Digits>(json); }

}  // namespace

const PreTokenizerInfo& digits_pre_tokenizer() {
  static const PreTokenizerInfo info{"Digits", "separates numbers, as a whole or digit by digit", make};
  return info;
}

}  // namespace kerf::text
