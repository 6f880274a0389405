#include "core/bytes.h"

#include <fmt/format.h>

#include "core/error.h"

namespace kerf {

std::span<const std::byte> ByteReader::take(std::uint64_t count, std::string_view what) {
  if (count > remaining()) {
    fail(fmt::format("{} needs {} bytes, {} remain (truncated or corrupt)", what, count, remaining()));
  }
  const auto part = bytes_.subspan(position_, static_cast<std::size_t>(count));
  position_ += static_cast<std::size_t>(count);
  return part;
}

std::string_view ByteReader::text(std::uint64_t count, std::string_view what) {
  const auto part = take(count, what);
  return {reinterpret_cast<const char*>(part.data()), part.size()};
}

void ByteReader::expect_items(std::uint64_t count, std::uint64_t minimum_bytes, std::string_view what) const {
  if (count > remaining() / minimum_bytes) {
    fail(fmt::format("{} {} announced, but only {} bytes remain (truncated or corrupt)", count, what, remaining()));
  }
}

void ByteReader::fail(std::string message) const {
  throw_input(label_, fmt::format("offset {}", offset()), std::move(message));
}

}  // namespace kerf
