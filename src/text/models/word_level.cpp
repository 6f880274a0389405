// Whole words: each piece is a token of the vocabulary or the unknown one.

#include <memory>
#include <string_view>

#include "text/model.h"
#include "text/unicode.h"
#include "text/unknown_token.h"

namespace kerf::text {
namespace {

class WordLevel : public Model {
 public:
  explicit WordLevel(const JsonCursor& json)
      : vocabulary_(Vocabulary::from_json(json.at("vocab"))),
        unknown_(json, vocabulary_, json.at("unk_token").as_string()) {
    expect_keys(json, {"vocab", "unk_token"});
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  void encode(const Pieces& pieces, EncodedIds& out) const override {
    out.ids.reserve(out.ids.size() + pieces.spans.size());
    for (const Span span : pieces.spans) {
      const std::string_view word = pieces.view(span);
      const auto id = vocabulary_.id_of(word);
      if (!id) out.unknown += static_cast<std::int64_t>(count_code_points(word));
      out.ids.push_back(id ? *id : unknown_.id_for(word));
    }
  }

 private:
  Vocabulary vocabulary_;
  UnknownToken unknown_;
};

std::unique_ptr<Model> make(const JsonCursor& json) { return std::make_unique<WordLevel>(json); }

}  // namespace

const ModelInfo& word_level_model() {
  static const ModelInfo info{"WordLevel", "whole words", make};
  return info;
}

}  // namespace kerf::text
