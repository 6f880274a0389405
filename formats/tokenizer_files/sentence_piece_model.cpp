#include "formats/tokenizer_files/sentence_piece_model.h"

#include <cmath>
#include <cstring>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/tokenizer_files/protobuf_reader.h"

namespace kerf::formats::tokenizer_files {
namespace {

using Piece = SentencePieceModel::Piece;
using Type = SentencePieceModel::Type;
using Field = ProtobufReader::Field;

constexpr std::size_t kMostPieces = std::size_t{1} << 22;
/// The library's own trainer stops at 512 bytes; users' pieces may be longer.
constexpr std::size_t kLongestPiece = 4096;

// Numbers of fields in sentencepiece_model.proto.
constexpr std::uint64_t kPieces = 1, kTrainer = 2, kNormalizer = 3, kDenormalizer = 5;
constexpr std::uint64_t kPieceText = 1, kPieceScore = 2, kPieceType = 3;
constexpr std::uint64_t kModelType = 3;
constexpr std::uint64_t kCharsMap = 2, kDummyPrefix = 3;

Piece parse_piece(std::string_view bytes, const std::string& file, std::size_t id) {
  ProtobufReader reader(bytes, file, fmt::format("piece {}", id));
  Piece piece;
  for (Field field; reader.next(field);) {
    if (field.number == kPieceText) piece.text = reader.bytes(field);
    if (field.number == kPieceScore) piece.score = reader.real(field);
    if (field.number != kPieceType) continue;
    const std::uint64_t type = reader.varint(field);
    if (type < 1 || type > 6) reader.fail(fmt::format("is of type {}, expected 1 to 6", type));
    piece.type = static_cast<Type>(type);
  }
  if (piece.text.empty()) reader.fail("is empty");
  if (piece.text.size() > kLongestPiece) {
    reader.fail(fmt::format("has {} bytes, more than {}", piece.text.size(), kLongestPiece));
  }
  if (find_invalid_utf8(piece.text) || piece.text.find('\0') != std::string_view::npos) {
    reader.fail(fmt::format("is {}, expected valid UTF-8 without zero bytes", quoted(piece.text)));
  }
  if (!std::isfinite(piece.score)) reader.fail("has a score that is not finite");
  return piece;
}

void check_pieces(SentencePieceModel& model, const std::string& file) {
  if (model.pieces.empty()) throw_input(file, "", "has no pieces: not a SentencePiece model");
  std::unordered_map<std::string_view, std::size_t> ids;
  std::int64_t unknowns = 0;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const auto [other, is_new] = ids.emplace(model.pieces[id].text, id);
    if (!is_new) {
      throw_input(file, fmt::format("piece {}", id),
                  fmt::format("{} is piece {} too", quoted(model.pieces[id].text), other->second));
    }
    if (model.pieces[id].type != Type::kUnknown) continue;
    ++unknowns;
    model.unknown_id = static_cast<std::int64_t>(id);
  }
  if (unknowns != 1) throw_input(file, "", fmt::format("has {} unknown pieces, expected one", unknowns));
}

/// A trie of the library darts-clone, a double array of 32-bit units, and the strings that its values point to.
class CharsMap {
 public:
  CharsMap(std::string_view blob, const ProtobufReader& reader) : reader_(reader) {
    std::uint32_t trie_bytes = 0;
    if (blob.size() <= sizeof(trie_bytes)) refuse();
    std::memcpy(&trie_bytes, blob.data(), sizeof(trie_bytes));
    blob.remove_prefix(sizeof(trie_bytes));
    if (trie_bytes == 0 || trie_bytes % 4 != 0 || trie_bytes >= blob.size()) refuse();
    units_.resize(trie_bytes / 4);
    std::memcpy(units_.data(), blob.data(), trie_bytes);
    strings_ = blob.substr(trie_bytes);
    if (strings_.back() != '\0') refuse();
  }

  /// Follows every way through the trie once: whatever a text holds, a look-up stays inside.
  void check() {
    visit(offset(units_[0]), false);
    while (!waiting_.empty()) {
      const std::size_t base = waiting_.back();
      waiting_.pop_back();
      for (std::size_t label = 0; label < 256; ++label) {
        const std::uint32_t unit = units_[base ^ label];
        // A value is no way on: its highest bit is set.
        if ((unit & 0x800000ffU) != label) continue;
        visit((base ^ label) ^ offset(unit), (unit & 0x100U) != 0);
      }
    }
  }

 private:
  [[noreturn]] void refuse() const { reader_.fail("has a broken table of characters (precompiled_charsmap)"); }
  static std::size_t offset(std::uint32_t unit) {
    return static_cast<std::size_t>(unit >> 10) << ((unit & 0x200U) >> 6);
  }

  /// `base`: where the units of a node's children begin; with a value the first of them is that.
  void visit(std::size_t base, bool has_value) {
    if ((base | 0xffU) >= units_.size()) refuse();
    if (has_value && (units_[base] & 0x7fffffffU) >= strings_.size()) refuse();
    if (seen_.size() < units_.size()) seen_.resize(units_.size());
    if (seen_[base]) return;
    seen_[base] = true;
    waiting_.push_back(base);
  }

  const ProtobufReader& reader_;
  std::vector<std::uint32_t> units_;
  std::string_view strings_;
  std::vector<bool> seen_;
  std::vector<std::size_t> waiting_;
};

void parse_trainer(std::string_view bytes, const std::string& file, SentencePieceModel& model) {
  ProtobufReader reader(bytes, file, "trainer_spec");
  for (Field field; reader.next(field);) {
    if (field.number != kModelType) continue;
    const std::uint64_t kind = reader.varint(field);
    if (kind < 1 || kind > 4) reader.fail(fmt::format("says model_type {}, expected 1 to 4", kind));
    model.kind = static_cast<SentencePieceModel::Kind>(kind);
  }
}

void parse_normalizer(std::string_view bytes, const std::string& file, std::string place, SentencePieceModel* model) {
  ProtobufReader reader(bytes, file, std::move(place));
  for (Field field; reader.next(field);) {
    if (field.number == kDummyPrefix && model != nullptr) model->adds_dummy_prefix = reader.varint(field) != 0;
    if (field.number == kCharsMap && !reader.bytes(field).empty()) CharsMap(field.bytes, reader).check();
  }
}

}  // namespace

SentencePieceModel parse_sentence_piece_model(std::string_view bytes, const std::string& file) {
  SentencePieceModel model;
  ProtobufReader reader(bytes, file, "");
  bool has_trainer = false, has_normalizer = false;
  for (Field field; reader.next(field);) {
    if (field.number == kPieces) {
      if (model.pieces.size() == kMostPieces) reader.fail(fmt::format("has more than {} pieces", kMostPieces));
      model.pieces.push_back(parse_piece(reader.bytes(field), file, model.pieces.size()));
    } else if (field.number == kTrainer || field.number == kNormalizer) {
      // The wire format would join the two.
      bool& seen = field.number == kTrainer ? has_trainer : has_normalizer;
      if (std::exchange(seen, true)) reader.fail("has the same specification twice");
      if (field.number == kTrainer) parse_trainer(reader.bytes(field), file, model);
      if (field.number == kNormalizer) parse_normalizer(reader.bytes(field), file, "normalizer_spec", &model);
    } else if (field.number == kDenormalizer) {
      parse_normalizer(reader.bytes(field), file, "denormalizer_spec", nullptr);
    }
  }
  check_pieces(model, file);
  return model;
}

}  // namespace kerf::formats::tokenizer_files
