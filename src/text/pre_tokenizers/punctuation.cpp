// Separates punctuation marks.

#include <memory>

#include "text/character_split.h"
#include "text/library_categories.h"
#include "text/pre_tokenizer.h"

namespace kerf::text {
namespace {

class Punctuation : public PreTokenizer {
 public:
  explicit Punctuation(const JsonCursor& json)
      : behavior_(json.has("behavior") ? split_behavior(json.at("behavior")) : SplitBehavior::kIsolated) {
    expect_keys(json, {"behavior"});
  }

  void split(Pieces& pieces) const override { split_at_characters(pieces, behavior_, is_library_punctuation); }

 private:
  SplitBehavior behavior_;
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<Punctuation>(json); }

}  // namespace

const PreTokenizerInfo& punctuation_pre_tokenizer() {
  static const PreTokenizerInfo info{"Punctuation", "separates punctuation marks", make};
  return info;
}

}  // namespace kerf::text
