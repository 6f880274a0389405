#include "formats/tokenizer_files/sentence_piece_model.h"

#include <cmath>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/tokenizer_files/protobuf_reader.h"

namespace kerf::formats::tokenizer_files {
namespace {

using Model = description::SentencePieceModel;
using Piece = Model::Piece;
using Type = Model::Type;
using Field = ProtobufReader::Field;

constexpr std::size_t kMostPieces = std::size_t{1} << 22;
/// The library's own trainer stops at 512 bytes; users' pieces may be longer.
constexpr std::size_t kLongestPiece = 4096;
constexpr std::size_t kByteValues = 256;

// Numbers of fields in sentencepiece_model.proto.
constexpr std::uint64_t kPieces = 1, kTrainer = 2, kNormalizer = 3;
constexpr std::uint64_t kPieceText = 1, kPieceScore = 2, kPieceType = 3;
constexpr std::uint64_t kModelType = 3, kWhitespaceAsSuffix = 24, kByteFallback = 35;
constexpr std::uint64_t kCharsMap = 2, kDummyPrefix = 3, kRemoveWhitespaces = 4, kEscapeWhitespaces = 5;

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

void check_unique(const Model& model, const std::string& file) {
  std::unordered_map<std::string_view, std::size_t> ids;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const auto [other, is_new] = ids.emplace(model.pieces[id].text, id);
    if (is_new) continue;
    throw_input(file, fmt::format("piece {}", id),
                fmt::format("{} is piece {} too", quoted(model.pieces[id].text), other->second));
  }
}

void find_unknown(Model& model, const std::string& file) {
  std::int64_t unknowns = 0;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    if (model.pieces[id].type != Type::kUnknown) continue;
    ++unknowns;
    model.unknown_id = static_cast<std::int64_t>(id);
  }
  if (unknowns != 1) throw_input(file, "", fmt::format("has {} unknown pieces, expected one", unknowns));
}

/// With byte_fallback there is a piece for each byte, and without it none.
void check_bytes(const Model& model, const std::string& file) {
  std::unordered_set<std::string> expected;
  for (std::size_t byte = 0; model.byte_fallback && byte < kByteValues; ++byte) {
    expected.insert(fmt::format("<0x{:02X}>", byte));
  }
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    if (piece.type != Type::kByte || expected.erase(piece.text) > 0) continue;
    throw_input(file, fmt::format("piece {}", id),
                fmt::format("{} is of the type of bytes, {}", quoted(piece.text),
                            model.byte_fallback ? "expected <0x00> to <0xFF>" : "but the model has no byte_fallback"));
  }
  if (expected.empty()) return;
  throw_input(
      file, "",
      fmt::format("has byte_fallback, but {} of the {} pieces of bytes are missing", expected.size(), kByteValues));
}

void parse_trainer(std::string_view bytes, const std::string& file, Model& model) {
  ProtobufReader reader(bytes, file, "trainer_spec");
  for (Field field; reader.next(field);) {
    if (field.number == kWhitespaceAsSuffix) model.treat_whitespace_as_suffix = reader.varint(field) != 0;
    if (field.number == kByteFallback) model.byte_fallback = reader.varint(field) != 0;
    if (field.number != kModelType) continue;
    const std::uint64_t kind = reader.varint(field);
    if (kind < 1 || kind > 4) reader.fail(fmt::format("says model_type {}, expected 1 to 4", kind));
    model.kind = static_cast<Model::Kind>(kind);
  }
}

void parse_normalizer(std::string_view bytes, const std::string& file, Model& model) {
  ProtobufReader reader(bytes, file, "normalizer_spec");
  for (Field field; reader.next(field);) {
    if (field.number == kCharsMap) model.charsmap = reader.bytes(field);
    if (field.number == kDummyPrefix) model.add_dummy_prefix = reader.varint(field) != 0;
    if (field.number == kRemoveWhitespaces) model.remove_extra_whitespaces = reader.varint(field) != 0;
    if (field.number == kEscapeWhitespaces) model.escape_whitespaces = reader.varint(field) != 0;
  }
}

}  // namespace

Model parse_sentence_piece_model(std::string_view bytes, const std::string& file) {
  Model model;
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
      if (field.number == kNormalizer) parse_normalizer(reader.bytes(field), file, model);
    }
  }
  if (model.pieces.empty()) throw_input(file, "", "has no pieces: not a SentencePiece model");
  check_unique(model, file);
  find_unknown(model, file);
  check_bytes(model, file);
  return model;
}

}  // namespace kerf::formats::tokenizer_files
