#include "formats/tokenizer_files/protobuf_reader.h"

#include <bit>

#include <fmt/format.h>

#include "core/error.h"

namespace kerf::formats::tokenizer_files {

bool ProtobufReader::next(Field& field) {
  if (left_.empty()) return false;
  const std::uint64_t tag = read_varint();
  field = {.number = tag >> 3, .wire_type = static_cast<int>(tag & 7), .value = 0, .bytes = {}};
  if (field.number == 0 || field.number >= (std::uint64_t{1} << 29)) fail("has a field without a number");
  switch (field.wire_type) {
    case 0:
      field.value = read_varint();
      return true;
    case 1:
      field.value = read_fixed(8);
      return true;
    case 2: {
      const std::uint64_t length = read_varint();
      if (length > left_.size()) {
        fail(fmt::format("has a field of {} bytes where {} are left: an unfinished download, or another kind of file",
                         length, left_.size()));
      }
      field.bytes = left_.substr(0, static_cast<std::size_t>(length));
      left_.remove_prefix(static_cast<std::size_t>(length));
      return true;
    }
    case 5:
      field.value = read_fixed(4);
      return true;
    default:
      fail(fmt::format("has a field of wire type {}, expected 0, 1, 2 or 5", field.wire_type));
  }
}

void ProtobufReader::fail(std::string message) const { throw_input(file_, place_, std::move(message)); }

std::string_view ProtobufReader::bytes(const Field& field) const {
  expect_type(field, 2);
  return field.bytes;
}

std::uint64_t ProtobufReader::varint(const Field& field) const {
  expect_type(field, 0);
  return field.value;
}

float ProtobufReader::real(const Field& field) const {
  expect_type(field, 5);
  return std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
}

void ProtobufReader::expect_type(const Field& field, int type) const {
  if (field.wire_type == type) return;
  fail(fmt::format("has field {} in wire type {}, expected {}", field.number, field.wire_type, type));
}

std::uint64_t ProtobufReader::read_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (left_.empty()) fail("ends inside a number");
    const auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) return value;
  }
  fail("has a number of more than ten bytes");
}

std::uint64_t ProtobufReader::read_fixed(std::size_t count) {
  if (left_.size() < count) fail("ends inside a number");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(left_[i])) << (8 * i);
  }
  left_.remove_prefix(count);
  return value;
}

}  // namespace kerf::formats::tokenizer_files
