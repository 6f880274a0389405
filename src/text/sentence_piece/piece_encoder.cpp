#include "text/sentence_piece/piece_encoder.h"

#include <utility>

namespace kerf::text {
namespace {

using Kind = description::SentencePieceModel::Kind;

std::unique_ptr<PieceCutter> make_cutter(const PieceTable& table) {
  switch (table.model().kind) {
    case Kind::kUnigram:
      return make_unigram_cutter(table);
    case Kind::kBpe:
      return make_bpe_cutter(table);
    case Kind::kWord:
      return make_word_cutter(table);
    case Kind::kCharacter:
      break;
  }
  return make_character_cutter(table);
}

}  // namespace

PieceEncoder::PieceEncoder(std::shared_ptr<const description::SentencePieceModel> model, const std::string& file)
    : table_(std::move(model), file), normalizer_(table_, file), cutter_(make_cutter(table_)) {}

void PieceEncoder::encode(std::string_view text, EncodedIds& out) const {
  PieceSink sink(table_, out);
  cutter_->cut(normalizer_.normalize(text), sink);
}

}  // namespace kerf::text
