#include "formats/onnx/patch/file_index.h"

#include <cstring>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/formats/onnx/model_builder.h"

namespace kerf::formats::onnx {
namespace {

ByteSource source_of(std::string bytes) {
  ByteSource source{"m.onnx", bytes.size(), {}};
  source.read = [bytes = std::move(bytes)](std::uint64_t offset, std::span<std::byte> into) {
    std::memcpy(into.data(), bytes.data() + offset, into.size());
  };
  return source;
}

void expect_refused(const std::string& bytes, const std::string& part) {
  try {
    index_file(source_of(bytes));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("m.onnx"));
    EXPECT_THAT(error.what(), testing::HasSubstr(part));
  }
}

std::string small_model() {
  ModelBuilder builder;
  for (const char* name : {"a", "b"}) builder.graph().add_node()->set_op_type(name);
  return builder.model.SerializeAsString();
}

TEST(OnnxFileIndex, PiecesCoverTheFileInOrder) {
  const std::string bytes = small_model();
  const FileIndex index = index_file(source_of(bytes));
  std::uint64_t at = 0;
  for (const FilePiece& piece : index.model) {
    EXPECT_EQ(piece.begin, at);
    EXPECT_GE(piece.body, piece.begin);
    at = piece.end;
  }
  EXPECT_EQ(at, bytes.size());
  int nodes = 0;
  for (const FilePiece& piece : index.graph) nodes += piece.field == field::kNode ? 1 : 0;
  EXPECT_EQ(nodes, 2);
}

TEST(OnnxFileIndex, HeadersAreWhatProtobufWrites) {
  EXPECT_EQ(field_header(7, 1), std::string("\x3a\x01"));
  EXPECT_EQ(field_header(25, 300), std::string("\xca\x01\xac\x02"));
}

TEST(OnnxFileIndex, EveryTruncationIsRefusedOrAWholeMessage) {
  const std::string bytes = small_model();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    try {
      const FileIndex index = index_file(source_of(bytes.substr(0, size)));
      EXPECT_EQ(index.model.back().end, size);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("m.onnx"));
    }
  }
}

TEST(OnnxFileIndex, LengthsAndNumbersThatDoNotEndAreRefused) {
  expect_refused(std::string("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), "ends behind");
  expect_refused(std::string("\x08\xff\xff"), "does not end");
  expect_refused(std::string("\x0b"), "wire type 3");
  expect_refused(small_model() + small_model(), "several parts");
}

}  // namespace
}  // namespace kerf::formats::onnx
