#include "text/sentence_piece/piece_normalizer.h"

#include "core/strings.h"
#include "text/pieces.h"
#include "text/unicode.h"

namespace kerf::text {

PieceNormalizer::PieceNormalizer(const PieceTable& table, const std::string& file) : table_(table) {
  const Json nowhere;
  if (!table.model().charsmap.empty()) {
    map_.emplace(table.model().charsmap, JsonCursor(nowhere, file, "normalizer_spec.precompiled_charsmap"));
  }
}

CharacterMap::Match PieceNormalizer::next(std::string_view text) const {
  if (const std::size_t bytes = table_.user_defined_prefix(text); bytes > 0) return {bytes, text.substr(0, bytes)};
  if (map_) {
    if (const auto match = map_->longest_prefix(text); match.bytes > 0) return match;
  }
  const std::size_t bytes = code_point_at(text, 0).bytes;
  return {bytes, text.substr(0, bytes)};
}

std::size_t PieceNormalizer::leading_spaces(std::string_view text) const {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto part = next(text.substr(at));
    if (part.replacement != " ") break;
    at += part.bytes;
  }
  return at;
}

void PieceNormalizer::append(std::string_view text, std::string& out) const {
  for (const char c : text) {
    if (c == ' ') {
      out += space();
    } else {
      out += c;
    }
  }
}

std::string PieceNormalizer::normalize(std::string_view text) const {
  const auto& model = table_.model();
  const bool removes = model.remove_extra_whitespaces;
  const std::size_t bytes_before = text.size();
  if (removes) text.remove_prefix(leading_spaces(text));
  if (text.empty()) return "";
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  if (model.add_dummy_prefix && !model.treat_whitespace_as_suffix) out += space();
  // What becomes nothing is looked through: spaces around it are one run.
  for (bool after_space = removes; !text.empty();) {
    auto [bytes, part] = next(text);
    text.remove_prefix(bytes);
    if (after_space) part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    if (part.empty()) continue;
    append(part, out);
    check_growth(bytes_before, out.size());
    after_space = removes && part.back() == ' ';
  }
  // Signs that the text brought along go too, and the space before a text that became nothing.
  while (removes && ends_with(out, space())) out.resize(out.size() - space().size());
  if (model.add_dummy_prefix && model.treat_whitespace_as_suffix) out += space();
  return out;
}

}  // namespace kerf::text
