// Runs of word characters and runs of others, without white space: \w+|[^\w\s]+.

#include <memory>

#include "text/character_split.h"
#include "text/pre_tokenizer.h"

namespace kerf::text {
namespace {

class Whitespace : public PreTokenizer {
 public:
  explicit Whitespace(const JsonCursor& json) { expect_keys(json, {}); }

  void split(Pieces& pieces) const override {
    split_by_class(pieces, [](char32_t c) { return is_word(c) ? 1 : is_white_space(c) ? 0 : 2; });
  }
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<Whitespace>(json); }

}  // namespace

const PreTokenizerInfo& whitespace_pre_tokenizer() {
  static const PreTokenizerInfo info{"Whitespace", "runs of word characters and of others", make};
  return info;
}

}  // namespace kerf::text
