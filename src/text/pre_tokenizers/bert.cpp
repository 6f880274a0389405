// BERT's words: at white space, each punctuation mark a word of its own.

#include <memory>

#include "text/character_split.h"
#include "text/library_categories.h"
#include "text/pre_tokenizer.h"

namespace kerf::text {
namespace {

class Bert : public PreTokenizer {
 public:
  explicit Bert(const JsonCursor& json) { expect_keys(json, {}); }

  void split(Pieces& pieces) const override {
    split_at_characters(pieces, SplitBehavior::kRemoved, is_white_space);
    split_at_characters(pieces, SplitBehavior::kIsolated, is_library_punctuation);
  }
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<Bert>(json); }

}  // namespace

const PreTokenizerInfo& bert_pre_tokenizer() {
  static const PreTokenizerInfo info{"BertPreTokenizer", "words at white space, punctuation marks apart", make};
  return info;
}

}  // namespace kerf::text
