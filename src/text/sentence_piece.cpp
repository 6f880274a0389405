#include "text/sentence_piece.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/strings.h"
#include "text/sentence_piece/piece_encoder.h"

namespace kerf::text {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(what, at)) != std::string::npos; at = found + what.size()) {
    out.append(text, at, found - at).append(by);
  }
  text = out.append(text, at, std::string::npos);
}

class SentencePiece : public Model {
 public:
  SentencePiece(std::shared_ptr<const description::SentencePieceModel> model, const JsonCursor& json)
      : encoder_(std::move(model), json.file()),
        vocabulary_(Vocabulary::from_json(json.at("vocab"))),
        prefix_(json.string_or("prefix", "")),
        guard_(json.string_or("keeps_spaces_after", "")),
        splits_comma_(json.bool_or("splits_comma_after_digit", false)) {
    map_ids(json.int64_or("id_offset", 0));
    encoder_.encode(guard_, guard_pieces_);
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  void encode(const Pieces& pieces, EncodedIds& out) const override {
    for (std::size_t i = 0; i < pieces.spans.size(); ++i) {
      encode_part(std::string(pieces.view(pieces.spans[i])), i == 0 && pieces.begins_text, out);
    }
  }

 private:
  void map_ids(std::int64_t offset) {
    for (std::int32_t id = 0; id < encoder_.table().count(); ++id) {
      ids_.push_back(vocabulary_.id_of(encoder_.table().piece(id).text).value_or(id + offset));
    }
  }

  void encode_part(std::string text, bool begins_text, EncodedIds& out) const {
    if (!guard_.empty()) replace_all(text, kSpaceSign, " ");
    if (begins_text) text.insert(0, prefix_);
    const bool is_guarded = !guard_.empty() && (starts_with(text, " ") || starts_with(text, kSpaceSign));
    EncodedIds found;
    encoder_.encode(is_guarded ? guard_ + text : text, found);
    const bool has_guard = is_guarded && found.ids.size() >= guard_pieces_.ids.size();
    for (std::size_t i = has_guard ? guard_pieces_.ids.size() : 0; i < found.ids.size(); ++i) append(found.ids[i], out);
    out.unknown += found.unknown - (has_guard ? std::min(guard_pieces_.unknown, found.unknown) : 0);
  }

  void append(std::int64_t piece, EncodedIds& out) const {
    const auto id = static_cast<std::int32_t>(piece);
    if (splits_comma_ && append_digits(encoder_.table().piece(id).text, out)) return;
    append_mapped(id, out);
  }

  void append_mapped(std::int32_t piece, EncodedIds& out) const {
    out.ids.push_back(ids_[static_cast<std::size_t>(piece)]);
  }

  /// As transformers' AlbertTokenizer: "9," is cut again without its comma, and without the space that this would begin
  /// with if the piece has none.
  bool append_digits(const std::string& piece, EncodedIds& out) const {
    if (piece.size() < 2 || piece.back() != ',' || piece[piece.size() - 2] < '0' || piece[piece.size() - 2] > '9') {
      return false;
    }
    std::string digits = piece.substr(0, piece.size() - 1);
    replace_all(digits, kSpaceSign, "");
    EncodedIds found;
    encoder_.encode(digits, found);
    const PieceTable& table = encoder_.table();
    std::vector<std::string> parts;
    for (const std::int64_t id : found.ids) parts.push_back(table.piece(static_cast<std::int32_t>(id)).text);
    if (!starts_with(piece, kSpaceSign) && !parts.empty() && starts_with(parts.front(), kSpaceSign)) {
      parts.front().erase(0, kSpaceSign.size());
      if (parts.front().empty()) parts.erase(parts.begin());
    }
    parts.emplace_back(",");
    for (const std::string& part : parts) {
      const std::int32_t id = table.id_of(part);
      if (id == table.unknown_id()) ++out.unknown;
      append_mapped(id, out);
    }
    return true;
  }

  PieceEncoder encoder_;
  Vocabulary vocabulary_;
  std::string prefix_, guard_;
  EncodedIds guard_pieces_;
  bool splits_comma_;
  std::vector<std::int64_t> ids_;  ///< by the model's id
};

}  // namespace

std::unique_ptr<Model> make_sentence_piece_model(std::shared_ptr<const description::SentencePieceModel> model,
                                                 const JsonCursor& json) {
  return std::make_unique<SentencePiece>(std::move(model), json);
}

}  // namespace kerf::text
