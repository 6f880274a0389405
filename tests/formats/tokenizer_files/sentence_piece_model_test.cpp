#include "formats/tokenizer_files/sentence_piece_model.h"

#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"

namespace kerf::formats::tokenizer_files {
namespace {

using description::SentencePieceModel;
using test::expect_error;
using Type = SentencePieceModel::Type;

std::string varint(std::size_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  return out + static_cast<char>(value);
}

std::string message(int number, const std::string& bytes) {
  return std::string(1, static_cast<char>(number << 3 | 2)) + varint(bytes.size()) + bytes;
}

std::string piece(const std::string& text, int type = 1, float score = 0) {
  std::string body = message(1, text) + "\x15" + std::string(4, '\0') + "\x18" + static_cast<char>(type);
  std::memcpy(body.data() + body.size() - 6, &score, 4);
  return message(1, body);
}

const std::string kUnknown = piece("<unk>", 2);

SentencePieceModel parse(const std::string& bytes) { return parse_sentence_piece_model(bytes, "m.model"); }

TEST(SentencePieceModel, ReadsWhatTheTrainerWrote) {
  const std::string path = test::source_dir() + "/tests/golden/sentencepiece/gemma/tokenizer.model";
  const std::string bytes = read_file(path, 1 << 20);
  const SentencePieceModel model = parse_sentence_piece_model(bytes, path);
  EXPECT_EQ(model.pieces.size(), 600U);
  EXPECT_EQ(model.kind, SentencePieceModel::Kind::kBpe);
  EXPECT_FALSE(model.add_dummy_prefix);
  EXPECT_FALSE(model.remove_extra_whitespaces);
  EXPECT_TRUE(model.escape_whitespaces);
  EXPECT_FALSE(model.treat_whitespace_as_suffix);
  EXPECT_TRUE(model.byte_fallback);
  EXPECT_EQ(model.charsmap, "");
  EXPECT_EQ(model.unknown_id, 3);
  EXPECT_EQ(model.pieces[2].text, "<bos>");
  EXPECT_EQ(model.pieces[2].type, Type::kControl);
  EXPECT_EQ(model.pieces[4].type, Type::kUserDefined);
  EXPECT_EQ(model.pieces[6].type, Type::kByte);
}

TEST(SentencePieceModel, RefusesPiecesThatTheLibraryCannotHave) {
  const auto refused = [](const std::string& bytes, std::string_view what) {
    expect_error(ErrorCode::kInput, what, [&] { parse(bytes); });
  };
  EXPECT_EQ(parse(kUnknown + piece("a")).pieces.size(), 2U);
  refused("", "m.model: has no pieces");
  refused(piece("a"), "has 0 unknown pieces, expected one");
  refused(kUnknown + piece("b", 2), "has 2 unknown pieces");
  refused(kUnknown + piece("a") + piece("a"), "piece 2: 'a' is piece 1 too");
  refused(kUnknown + piece(""), "piece 1: is empty");
  refused(kUnknown + piece("\xff"), "expected valid UTF-8");
  refused(kUnknown + piece(std::string("a\0b", 3)), "without zero bytes");
  refused(kUnknown + piece(std::string(5000, 'a')), "has 5000 bytes");
  refused(kUnknown + piece("a", 7), "is of type 7");
  refused(kUnknown + piece("a", 1, std::numeric_limits<float>::quiet_NaN()), "a score that is not finite");
  refused(kUnknown + message(2, "\x18\x09"), "trainer_spec: says model_type 9");
  refused(kUnknown + message(3, "") + message(3, ""), "the same specification twice");
  refused("<!DOCTYPE html>", "m.model: ");
}

TEST(SentencePieceModel, WhatTheSpecificationsSay) {
  const SentencePieceModel plain = parse(kUnknown);
  EXPECT_EQ(plain.kind, SentencePieceModel::Kind::kUnigram);
  EXPECT_TRUE(plain.add_dummy_prefix && plain.remove_extra_whitespaces && plain.escape_whitespaces);
  EXPECT_FALSE(plain.treat_whitespace_as_suffix || plain.byte_fallback);
  const SentencePieceModel suffix = parse(kUnknown + message(2, "\x18\x03\xc0\x01\x01"));
  EXPECT_EQ(suffix.kind, SentencePieceModel::Kind::kWord);
  EXPECT_TRUE(suffix.treat_whitespace_as_suffix);
  const std::string off = std::string("\x18\0\x20\0\x28\0", 6);
  const SentencePieceModel bare = parse(kUnknown + message(3, message(2, "map") + off));
  EXPECT_EQ(bare.charsmap, "map");
  EXPECT_FALSE(bare.add_dummy_prefix || bare.remove_extra_whitespaces || bare.escape_whitespaces);
}

TEST(SentencePieceModel, PiecesOfBytesAreAllThereOrNone) {
  const std::string fallback = message(2, "\x98\x02\x01");
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += piece(fmt::format("<0x{:02X}>", byte), 6);
  EXPECT_TRUE(parse(kUnknown + bytes + fallback).byte_fallback);
  const auto refused = [](const std::string& model, std::string_view what) {
    expect_error(ErrorCode::kInput, what, [&] { parse(model); });
  };
  refused(kUnknown + bytes, "piece 1: '<0x00>' is of the type of bytes, but the model has no byte_fallback");
  refused(kUnknown + fallback, "has byte_fallback, but 256 of the 256 pieces of bytes are missing");
  refused(kUnknown + bytes + piece("<0x1ff>", 6) + fallback, "piece 257: '<0x1ff>' is of the type of bytes, expected");
}

}  // namespace
}  // namespace kerf::formats::tokenizer_files
