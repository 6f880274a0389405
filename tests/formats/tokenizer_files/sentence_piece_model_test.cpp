#include "formats/tokenizer_files/sentence_piece_model.h"

#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"

namespace kerf::formats::tokenizer_files {
namespace {

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
  EXPECT_FALSE(model.adds_dummy_prefix);
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

/// A trie whose root leads on 'a' to a value: 512 units.
std::string chars_map(std::uint32_t value, std::uint32_t root_offset = 256, std::size_t units = 512) {
  std::vector<std::uint32_t> trie(units);
  trie[0] = root_offset << 10;
  // The child of 'a' stands at root_offset ^ 'a'; its own children begin at 0 of its block, where its value is.
  const std::uint32_t child = root_offset ^ 'a';
  if (child < units) trie[child] = ((child ^ root_offset) << 10) | 0x100U | 'a';
  if (root_offset < units) trie[root_offset] = value | 0x80000000U;
  std::string blob(4, '\0');
  const auto bytes = static_cast<std::uint32_t>(units * 4);
  std::memcpy(blob.data(), &bytes, 4);
  blob.append(reinterpret_cast<const char*>(trie.data()), bytes);
  return blob + std::string("x\0", 2);
}

TEST(SentencePieceModel, ATableOfCharactersStaysInsideItself) {
  const auto with = [](const std::string& blob) { return kUnknown + message(3, message(2, blob)); };
  EXPECT_NO_THROW(parse(with(chars_map(0))));
  const auto refused = [&](const std::string& blob) {
    expect_error(ErrorCode::kInput, "normalizer_spec: has a broken table of characters", [&] { parse(with(blob)); });
  };
  refused(chars_map(2));          // a value beyond the strings
  refused(chars_map(0, 0x1000));  // children beyond the trie
  refused(chars_map(0).substr(0, 100));
  refused("abc");
  std::string open = chars_map(0);
  open.back() = 'x';  // the last string has no end
  refused(open);
  expect_error(ErrorCode::kInput, "denormalizer_spec: has a broken table",
               [&] { parse(kUnknown + message(5, message(2, "abc"))); });
}

}  // namespace
}  // namespace kerf::formats::tokenizer_files
