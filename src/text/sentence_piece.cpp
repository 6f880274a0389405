#include "text/sentence_piece.h"

#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::text {
namespace {

constexpr std::string_view kSpace = "\u2581";

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
  SentencePiece(const std::string& model, const JsonCursor& json)
      : vocabulary_(Vocabulary::from_json(json.at("vocab"))),
        file_(json.file()),
        prefix_(json.string_or("prefix", "")),
        guard_(json.string_or("keeps_spaces_after", "")),
        splits_comma_(json.bool_or("splits_comma_after_digit", false)) {
    load(model);
    map_ids(json.at("unk_token").as_string(), json.int64_or("id_offset", 0));
    if (!guard_.empty()) guard_pieces_ = pieces_of(guard_).size();
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  void encode(const Pieces& pieces, EncodedIds& out) const override {
    for (std::size_t i = 0; i < pieces.spans.size(); ++i) {
      encode_part(std::string(pieces.view(pieces.spans[i])), i == 0 && pieces.begins_text, out);
    }
  }

 private:
  void load(const std::string& model) {
    try {
      const auto status = processor_.LoadFromSerializedProto(model);
      if (!status.ok())
        throw_input(file_, "", fmt::format("the SentencePiece library refuses it: {}", status.message()));
    } catch (const Error&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      throw_input(file_, "", fmt::format("the SentencePiece library refuses it: {}", quoted(error.what())));
    }
  }

  void map_ids(const std::string& unknown, std::int64_t offset) {
    for (int id = 0; id < processor_.GetPieceSize(); ++id) {
      const auto mapped = vocabulary_.id_of(processor_.IdToPiece(id));
      ids_.push_back(mapped ? *mapped : id + offset);
    }
    unknown_ = processor_.PieceToId(unknown);
  }

  std::vector<int> pieces_of(std::string_view text) const {
    std::vector<int> result;
    const auto status = processor_.Encode(absl::string_view(text.data(), text.size()), &result);
    if (!status.ok())
      throw_input(file_, "", fmt::format("the SentencePiece library refuses a text: {}", status.message()));
    return result;
  }

  void encode_part(std::string text, bool begins_text, EncodedIds& out) const {
    if (!guard_.empty()) replace_all(text, kSpace, " ");
    if (begins_text) text.insert(0, prefix_);
    const bool guarded = !guard_.empty() && (starts_with(text, " ") || starts_with(text, kSpace));
    std::vector<int> found = pieces_of(guarded ? guard_ + text : text);
    const std::size_t first = guarded && found.size() >= guard_pieces_ ? guard_pieces_ : 0;
    for (std::size_t i = first; i < found.size(); ++i) append(found[i], out);
  }

  void append(int piece, EncodedIds& out) const {
    if (splits_comma_ && append_digits(processor_.IdToPiece(piece), out)) return;
    if (piece == unknown_) ++out.unknown;
    out.ids.push_back(ids_[static_cast<std::size_t>(piece)]);
  }

  /// As transformers' AlbertTokenizer: "9," is cut again without its comma, and without the space that this would begin
  /// with if the piece has none.
  bool append_digits(const std::string& piece, EncodedIds& out) const {
    if (piece.size() < 2 || piece.back() != ',' || piece[piece.size() - 2] < '0' || piece[piece.size() - 2] > '9') {
      return false;
    }
    std::string digits = piece.substr(0, piece.size() - 1);
    replace_all(digits, kSpace, "");
    std::vector<std::string> parts;
    for (const int id : pieces_of(digits)) parts.push_back(processor_.IdToPiece(id));
    if (!starts_with(piece, kSpace) && !parts.empty() && starts_with(parts.front(), kSpace)) {
      parts.front().erase(0, kSpace.size());
      if (parts.front().empty()) parts.erase(parts.begin());
    }
    parts.emplace_back(",");
    for (const std::string& part : parts) {
      const int id = processor_.PieceToId(part);
      if (id == unknown_) ++out.unknown;
      out.ids.push_back(ids_[static_cast<std::size_t>(id)]);
    }
    return true;
  }

  sentencepiece::SentencePieceProcessor processor_;
  Vocabulary vocabulary_;
  std::string file_, prefix_, guard_;
  bool splits_comma_;
  std::size_t guard_pieces_ = 0;
  std::vector<std::int64_t> ids_;  ///< by the library's id
  int unknown_ = 0;
};

}  // namespace

std::unique_ptr<Model> make_sentence_piece_model(const std::string& model, const JsonCursor& json) {
  return std::make_unique<SentencePiece>(model, json);
}

}  // namespace kerf::text
