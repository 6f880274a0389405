#include "text/sentence_piece/piece_table.h"

#include <utility>
#include <vector>

#include "text/unicode.h"

namespace kerf::text {
namespace {

Vocabulary vocabulary_of(const description::SentencePieceModel& model, const std::string& file) {
  std::vector<std::string_view> texts;
  texts.reserve(model.pieces.size());
  for (const auto& piece : model.pieces) texts.emplace_back(piece.text);
  const Json nowhere;
  return Vocabulary::from_list(texts, JsonCursor(nowhere, file));
}

TokenTrie user_defined_of(const description::SentencePieceModel& model) {
  std::vector<TokenTrie::Entry> entries;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const auto& piece = model.pieces[id];
    if (piece.type == PieceTable::Type::kUserDefined) entries.push_back({piece.text, static_cast<std::int32_t>(id)});
  }
  return TokenTrie(entries);
}

}  // namespace

PieceTable::PieceTable(std::shared_ptr<const description::SentencePieceModel> model, const std::string& file)
    : model_(std::move(model)), ids_(vocabulary_of(*model_, file)), user_defined_(user_defined_of(*model_)) {
  if (model_->byte_fallback) bytes_.emplace(ids_);
}

std::int32_t PieceTable::id_of(std::string_view text) const {
  return static_cast<std::int32_t>(ids_.id_of(text).value_or(model_->unknown_id));
}

bool PieceTable::is_text(std::int32_t id) const {
  const Type type = piece(id).type;
  return type == Type::kNormal || type == Type::kUserDefined || type == Type::kUnused;
}

std::int32_t PieceTable::text_id(std::string_view text) const {
  const std::int32_t id = static_cast<std::int32_t>(ids_.id_of(text).value_or(-1));
  return id >= 0 && is_text(id) ? id : -1;
}

std::size_t PieceTable::symbol_bytes(std::string_view text) const {
  const std::size_t user_defined = user_defined_prefix(text);
  return user_defined > 0 ? user_defined : code_point_at(text, 0).bytes;
}

}  // namespace kerf::text
