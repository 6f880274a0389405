#include "formats/gguf/header_reader.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "core/error.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

/// A header is a few megabytes even for a vocabulary of a million; what claims to be longer would only cost memory.
constexpr std::uint64_t kHeaderLimit = std::uint64_t{100} << 20;

}  // namespace

void HeaderReader::fail(std::string message) const {
  throw_input(label_, fmt::format("offset {}", offset()), std::move(message));
}

void HeaderReader::expect_items(std::uint64_t count, std::uint64_t minimum_bytes, std::string_view what) const {
  if (count > remaining() / minimum_bytes) {
    fail(fmt::format("{}: found a count of {}, but only {} bytes remain in the file", what, count, remaining()));
  }
  if (count > (kHeaderLimit - std::min(kHeaderLimit, offset())) / minimum_bytes) {
    fail(fmt::format("{}: found a count of {}, which needs a header of more than {} MiB", what, count,
                     kHeaderLimit >> 20));
  }
}

void HeaderReader::refill() {
  buffer_start_ += position_;
  position_ = 0;
  buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, file_bytes_ - buffer_start_)));
  read_at_(buffer_start_, buffer_);
}

void HeaderReader::read_bytes(std::span<std::byte> into, std::string_view what) {
  if (into.size() > remaining()) {
    fail(fmt::format("{}: found {} bytes before the end of the file, expected {}", what, remaining(), into.size()));
  }
  expect_items(into.size(), 1, what);
  while (!into.empty()) {
    if (position_ == buffer_.size()) refill();
    const std::size_t count = std::min(into.size(), buffer_.size() - position_);
    std::memcpy(into.data(), buffer_.data() + position_, count);
    position_ += count;
    into = into.subspan(count);
  }
}

std::string HeaderReader::read_string(std::uint64_t limit, std::string_view what) {
  const auto length = read<std::uint64_t>(what);
  expect_items(length, 1, what);
  if (length > limit) fail(fmt::format("{}: found a string of {} bytes, expected at most {}", what, length, limit));
  std::string text(static_cast<std::size_t>(length), '\0');
  read_bytes(std::as_writable_bytes(std::span(text)), what);
  return text;
}

}  // namespace kerf::formats::gguf
