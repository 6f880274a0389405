#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace kerf {

static_assert(std::endian::native == std::endian::little, "kerf's readers and writers assume little endian");

/// Reads little-endian values from a bounded buffer. Every read is checked against the bytes that remain; one that
/// does not fit throws Error(kInput) with the file and the offset. `label` (usually the file name) goes into errors.
class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string label, std::uint64_t base_offset = 0)
      : bytes_(bytes), label_(std::move(label)), base_(base_offset) {}

  /// Offset in the file of the next byte.
  std::uint64_t offset() const { return base_ + position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  const std::string& label() const { return label_; }

  template <typename T>
  requires std::is_trivially_copyable_v<T> T read(std::string_view what) {
    T value;
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  /// The next `count` bytes.
  std::span<const std::byte> take(std::uint64_t count, std::string_view what);
  /// As take(), as text (not validated).
  std::string_view text(std::uint64_t count, std::string_view what);
  /// Fails unless `count` items of at least `minimum_bytes` each can still follow: call before reserving for them.
  void expect_items(std::uint64_t count, std::uint64_t minimum_bytes, std::string_view what) const;
  /// Throws Error(kInput) with this reader's file and offset.
  [[noreturn]] void fail(std::string message) const;

 private:
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  std::string label_;
  std::uint64_t base_;
};

/// Appends little-endian values to a byte string.
class ByteWriter {
 public:
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void write(T value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T)); }
  void text(std::string_view value) { bytes_.append(value); }
  void zeros(std::size_t count) { bytes_.append(count, '\0'); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace kerf
