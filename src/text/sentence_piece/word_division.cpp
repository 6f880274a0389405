#include "text/sentence_piece/word_division.h"

#include "core/strings.h"
#include "text/sentence_piece/piece_normalizer.h"

namespace kerf::text {

WordDivision::WordDivision(const PieceTable& table) : table_(table) {
  for (std::int32_t id = 0; id < table.count(); ++id) {
    const auto& piece = table.piece(id);
    // Nothing is merged into a user-defined piece: it is found before.
    if (!table.is_text(id) || piece.type == PieceTable::Type::kUserDefined) continue;
    const std::string_view text = piece.text;
    for (std::size_t at = 0; (at = text.find(kSpaceSign, at)) != std::string_view::npos; at += kSpaceSign.size()) {
      const std::string_view before = text.substr(0, at), behind = text.substr(at + kSpaceSign.size());
      if (!before.empty() && !ends_with(before, kSpaceSign)) before_spaces_ = false;
      if (!behind.empty() && !starts_with(behind, kSpaceSign)) behind_spaces_ = false;
    }
  }
}

std::vector<Span> WordDivision::divide(std::string_view text) const {
  std::vector<Span> words;
  std::size_t begin = 0;
  const auto end_word = [&](std::size_t end) {
    if (end > begin) words.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
    begin = end;
  };
  bool after_space = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (const std::size_t user_defined = table_.user_defined_prefix(rest); user_defined > 0) {
      end_word(at);
      at += user_defined;
      end_word(at);
      continue;
    }
    const bool is_space = starts_with(rest, kSpaceSign);
    if (is_space != after_space && (is_space ? before_spaces_ : behind_spaces_)) end_word(at);
    after_space = is_space;
    at += table_.symbol_bytes(rest);
  }
  end_word(text.size());
  return words;
}

}  // namespace kerf::text
