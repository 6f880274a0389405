#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kerf::formats::gguf {

/// Reads bytes of a file at an offset; throws if they are not there.
using ReadAt = std::function<void(std::uint64_t offset, std::span<std::byte> into)>;

/// Reads little-endian values from the start of a file of known size, a piece at a time: the length of a GGUF header
/// is only known once it has been read. Every length is compared with the bytes that remain before anything is
/// allocated for it; a violation is Error(kInput) naming the file, what was being read and the offset.
class HeaderReader {
 public:
  HeaderReader(const ReadAt& read_at, std::uint64_t file_bytes, std::string label)
      : read_at_(read_at), file_bytes_(file_bytes), label_(std::move(label)) {}

  /// Offset in the file of the next byte.
  std::uint64_t offset() const { return buffer_start_ + position_; }
  std::uint64_t remaining() const { return file_bytes_ - offset(); }

  template <typename T>
  requires std::is_trivially_copyable_v<T> T read(std::string_view what) {
    T value;
    read_bytes(std::as_writable_bytes(std::span(&value, 1)), what);
    return value;
  }
  void read_bytes(std::span<std::byte> into, std::string_view what);
  /// u64 length and that many bytes, at most `limit`.
  std::string read_string(std::uint64_t limit, std::string_view what);
  /// Fails unless `count` items of at least `minimum_bytes` each can still follow: call before reserving for them.
  void expect_items(std::uint64_t count, std::uint64_t minimum_bytes, std::string_view what) const;
  [[noreturn]] void fail(std::string message) const;

 private:
  void refill();

  const ReadAt& read_at_;
  std::uint64_t file_bytes_;
  std::string label_;
  std::vector<std::byte> buffer_;
  std::uint64_t buffer_start_ = 0;  ///< offset in the file of buffer_[0]
  std::size_t position_ = 0;        ///< of the next byte, in buffer_
};

}  // namespace kerf::formats::gguf
