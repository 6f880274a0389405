#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "description/sentence_piece.h"
#include "text/byte_tokens.h"
#include "text/token_trie.h"
#include "text/vocabulary.h"

namespace kerf::text {

/// The pieces of a SentencePiece model, for what cuts texts into them. Const and thread-safe.
class PieceTable {
 public:
  using Piece = description::SentencePieceModel::Piece;
  using Type = description::SentencePieceModel::Type;

  /// Error(kInput) naming `file` if there are more pieces than ids.
  PieceTable(std::shared_ptr<const description::SentencePieceModel> model, const std::string& file);

  const description::SentencePieceModel& model() const { return *model_; }
  const Piece& piece(std::int32_t id) const { return model_->pieces[static_cast<std::size_t>(id)]; }
  std::int32_t count() const { return static_cast<std::int32_t>(model_->pieces.size()); }
  std::int32_t unknown_id() const { return static_cast<std::int32_t>(model_->unknown_id); }

  /// The piece with this text, whatever its type; unknown_id() if none has it.
  std::int32_t id_of(std::string_view text) const;
  /// Does a piece stand for its own text? (Unlike control, unknown and byte pieces.)
  bool is_text(std::int32_t id) const;
  /// The piece that stands for this text; -1: none.
  std::int32_t text_id(std::string_view text) const;

  /// Bytes of the longest user-defined piece that `text` begins with; 0: none.
  std::size_t user_defined_prefix(std::string_view text) const { return user_defined_.longest_prefix(text).bytes; }
  /// Bytes of what `text`, which is not empty, begins with and no merge divides: a user-defined piece or a character.
  std::size_t symbol_bytes(std::string_view text) const;

  /// Where the model has byte_fallback.
  const std::optional<ByteTokens>& bytes() const { return bytes_; }

 private:
  std::shared_ptr<const description::SentencePieceModel> model_;
  Vocabulary ids_;
  TokenTrie user_defined_;
  std::optional<ByteTokens> bytes_;
};

}  // namespace kerf::text
