#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kerf::formats::tokenizer_files {

/// The fields of one message of Protocol Buffers' wire format, in order. Lengths are compared with what is left; groups
/// are refused.
class ProtobufReader {
 public:
  ProtobufReader(std::string_view bytes, const std::string& file, std::string place)
      : left_(bytes), file_(file), place_(std::move(place)) {}

  struct Field {
    std::uint64_t number = 0;
    int wire_type = 0;        ///< 0: varint; 1: 8 bytes; 2: bytes; 5: 4 bytes
    std::uint64_t value = 0;  ///< of types 0, 1 and 5
    std::string_view bytes;   ///< of type 2
  };
  /// False at the end. Error(kInput) naming file and place if the bytes are no message.
  bool next(Field& field);
  [[noreturn]] void fail(std::string message) const;

  /// The contents of a field that must be of this type.
  std::string_view bytes(const Field& field) const;
  std::uint64_t varint(const Field& field) const;
  float real(const Field& field) const;

 private:
  std::uint64_t read_varint();
  std::uint64_t read_fixed(std::size_t count);
  void expect_type(const Field& field, int type) const;

  std::string_view left_;
  const std::string& file_;
  std::string place_;
};

}  // namespace kerf::formats::tokenizer_files
