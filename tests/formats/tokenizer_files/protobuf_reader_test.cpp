#include "formats/tokenizer_files/protobuf_reader.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::formats::tokenizer_files {
namespace {

using test::expect_error;
const std::string kFile = "m.model";

ProtobufReader::Field first(std::string_view bytes) {
  ProtobufReader reader(bytes, kFile, "place");
  ProtobufReader::Field field;
  EXPECT_TRUE(reader.next(field));
  return field;
}

// Examples of https://protobuf.dev/programming-guides/encoding/.
TEST(ProtobufReader, ReadsEveryWireType) {
  EXPECT_EQ(first({"\x08\x96\x01", 3}).value, 150U);
  const auto text = first({"\x12\x07testing", 9});
  EXPECT_EQ(text.number, 2U);
  EXPECT_EQ(text.bytes, "testing");
  EXPECT_EQ(first({"\x09\x01\0\0\0\0\0\0\x80", 9}).value, 0x8000000000000001U);
  ProtobufReader reader({"\x15\0\0\x80\x3f", 5}, kFile, "");
  ProtobufReader::Field field;
  ASSERT_TRUE(reader.next(field));
  EXPECT_EQ(reader.real(field), 1.0F);
  EXPECT_FALSE(reader.next(field));
  EXPECT_EQ(first({"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11}).value, ~std::uint64_t{0});
}

TEST(ProtobufReader, RefusesWhatIsNoMessage) {
  const auto refused = [](std::string_view bytes, std::string_view what) {
    expect_error(ErrorCode::kInput, what, [&] { first(bytes); });
  };
  refused({"\x08", 1}, "m.model: place: ends inside a number");
  refused({"\x08\x80", 2}, "ends inside a number");
  refused({"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12}, "more than ten bytes");
  refused({"\x12\x7fx", 3}, "has a field of 127 bytes where 1 are left");
  refused({"\x0b", 1}, "wire type 3");
  refused({"\x00", 1}, "field without a number");
  refused({"\x15\0\0", 3}, "ends inside a number");
}

TEST(ProtobufReader, RefusesAFieldOfAnotherType) {
  ProtobufReader reader({"\x08\x01", 2}, kFile, "");
  ProtobufReader::Field field;
  reader.next(field);
  expect_error(ErrorCode::kInput, "has field 1 in wire type 0, expected 2", [&] { reader.bytes(field); });
}

}  // namespace
}  // namespace kerf::formats::tokenizer_files
