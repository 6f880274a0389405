// Splits at a character and takes it away.

#include <memory>

#include "text/character_split.h"
#include "text/one_character.h"
#include "text/pre_tokenizer.h"

namespace kerf::text {
namespace {

class CharDelimiterSplit : public PreTokenizer {
 public:
  explicit CharDelimiterSplit(const JsonCursor& json)
      : delimiter_(code_point_at(one_character(json.at("delimiter")), 0).value) {
    expect_keys(json, {"delimiter"});
  }

  void split(Pieces& pieces) const override {
    split_by_class(pieces, [this](char32_t c) { return c == delimiter_ ? 0 : 1; });
  }

 private:
  char32_t delimiter_;
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<CharDelimiterSplit>(json); }

}  // namespace

const PreTokenizerInfo& char_delimiter_split_pre_tokenizer() {
  static const PreTokenizerInfo info{"CharDelimiterSplit", "splits at a character", make};
  return info;
}

}  // namespace kerf::text
