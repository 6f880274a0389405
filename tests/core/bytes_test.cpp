#include "core/bytes.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/expect_error.h"

namespace kerf {
namespace {

ByteReader reader_of(std::string_view bytes, std::uint64_t base = 0) {
  return {std::as_bytes(std::span(bytes)), "model.bin", base};
}

TEST(ByteReader, ReadsLittleEndianValuesOneAfterTheOther) {
  const std::string bytes("\x01\x02\x03\x04\xFF\xFE\xFF\x00\x00\x80\x3F", 11);
  ByteReader reader = reader_of(bytes);
  EXPECT_EQ(reader.read<std::uint32_t>("a"), 0x04030201U);
  EXPECT_EQ(reader.read<std::int8_t>("b"), -1);
  EXPECT_EQ(reader.read<std::int16_t>("c"), -2);
  EXPECT_EQ(reader.read<float>("d"), 1.0F);
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(ByteReader, OffsetsAreThoseOfTheFile) {
  ByteReader reader = reader_of("abcdef", 1000);
  EXPECT_EQ(reader.offset(), 1000U);
  reader.take(4, "name");
  EXPECT_EQ(reader.offset(), 1004U);
  test::expect_error(ErrorCode::kInput, "model.bin: offset 1004: tensor needs 3 bytes, 2 remain",
                     [&] { reader.take(3, "tensor"); });
}

TEST(ByteReader, AFailedReadTakesNothing) {
  ByteReader reader = reader_of("ab");
  test::expect_error(ErrorCode::kInput, "count needs 4 bytes", [&] { reader.read<std::uint32_t>("count"); });
  EXPECT_EQ(reader.text(2, "rest"), "ab");
}

TEST(ByteReader, TheLastByteAndNoBytesAtAllAreThere) {
  ByteReader reader = reader_of("a");
  EXPECT_TRUE(reader.take(0, "nothing").empty());
  EXPECT_EQ(reader.text(1, "last"), "a");
  EXPECT_TRUE(reader.take(0, "nothing").empty());
  test::expect_error(ErrorCode::kInput, "offset 1", [&] { reader.take(1, "one more"); });
  ByteReader empty = reader_of("");
  EXPECT_EQ(empty.text(0, "nothing"), "");
  test::expect_error(ErrorCode::kInput, "offset 0", [&] { empty.read<std::uint8_t>("byte"); });
}

TEST(ByteReader, CountsThatWouldOverflowAreRefused) {
  ByteReader reader = reader_of("abc");
  reader.take(1, "first");
  for (const std::uint64_t count : {std::numeric_limits<std::uint64_t>::max(), std::uint64_t{1} << 63}) {
    test::expect_error(ErrorCode::kInput, "2 remain", [&] { reader.take(count, "name"); });
    test::expect_error(ErrorCode::kInput, "2 remain", [&] { reader.text(count, "name"); });
  }
}

TEST(ByteReader, TextMayHoldAnyByte) {
  const std::string bytes("a\0\xFF", 3);
  EXPECT_EQ(reader_of(bytes).text(3, "text"), bytes);
}

TEST(ByteReader, ItemsMustFitBeforeRoomIsMadeForThem) {
  const ByteReader reader = reader_of("0123456789");
  EXPECT_NO_THROW(reader.expect_items(0, 24, "tensors"));
  EXPECT_NO_THROW(reader.expect_items(3, 3, "tensors"));
  EXPECT_NO_THROW(reader.expect_items(10, 1, "tensors"));
  test::expect_error(ErrorCode::kInput, "4 tensors announced, but only 10 bytes remain",
                     [&] { reader.expect_items(4, 3, "tensors"); });
  // 2^62 * 4 is 0 modulo 2^64.
  test::expect_error(ErrorCode::kInput, "announced",
                     [&] { reader.expect_items(std::uint64_t{1} << 62, 4, "tensors"); });
}

TEST(ByteWriter, WritesWhatTheReaderReads) {
  ByteWriter writer;
  writer.write(std::uint16_t{0x1234});
  writer.text("ab");
  writer.zeros(3);
  writer.zeros(0);
  writer.write(-2.5);
  EXPECT_EQ(writer.bytes().substr(0, 7), std::string("\x34\x12"
                                                     "ab\0\0\0",
                                                     7));
  ByteReader reader = reader_of(writer.bytes());
  EXPECT_EQ(reader.read<std::uint16_t>("a"), 0x1234);
  reader.take(5, "b");
  EXPECT_EQ(reader.read<double>("c"), -2.5);
  EXPECT_EQ(reader.remaining(), 0U);
}

}  // namespace
}  // namespace kerf
