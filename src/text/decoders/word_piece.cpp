// WordPiece's tokens joined to words, and words by spaces.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/strings.h"
#include "text/decoder.h"
#include "text/word_cleanup.h"

namespace kerf::text {
namespace {

class WordPiece : public Decoder {
 public:
  explicit WordPiece(const JsonCursor& json)
      : prefix_(json.at("prefix").as_string()), cleanup_(json.at("cleanup").as_bool()) {
    expect_keys(json, {"prefix", "cleanup"});
  }

  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      if (&token != tokens.data()) {
        if (starts_with(token, prefix_)) {
          token.erase(0, prefix_.size());
        } else {
          token.insert(0, " ");
        }
      }
      if (cleanup_) token = clean_up_words(std::move(token));
    }
  }

 private:
  std::string prefix_;
  bool cleanup_;
};

std::unique_ptr<Decoder> make(const JsonCursor& json) { return std::make_unique<WordPiece>(json); }

}  // namespace

const DecoderInfo& word_piece_decoder() {
  static const DecoderInfo info{"WordPiece", "subwords joined, spaces between words", make};
  return info;
}

}  // namespace kerf::text
