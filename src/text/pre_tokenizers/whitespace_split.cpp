// Words at white space.

#include <memory>

#include "text/character_split.h"
#include "text/pre_tokenizer.h"

namespace kerf::text {
namespace {

class WhitespaceSplit : public PreTokenizer {
 public:
  explicit WhitespaceSplit(const JsonCursor& json) { expect_keys(json, {}); }

  void split(Pieces& pieces) const override {
    split_by_class(pieces, [](char32_t c) { return is_white_space(c) ? 0 : 1; });
  }
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<WhitespaceSplit>(json); }

}  // namespace

const PreTokenizerInfo& whitespace_split_pre_tokenizer() {
  static const PreTokenizerInfo info{"WhitespaceSplit", "words at white space", make};
  return info;
}

}  // namespace kerf::text
