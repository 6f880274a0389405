#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace kerf::test {

/// A file from its parts: the length as stated, the JSON, the data.
inline std::string file_of(std::uint64_t stated_length, std::string_view json, std::string_view data = "") {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &stated_length, 8);
  return bytes.append(json).append(data);
}

/// The same with the length that is true.
inline std::string file_of(std::string_view json, std::string_view data = "") {
  return file_of(json.size(), json, data);
}

inline std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

template <typename T>
std::string bytes_of(std::initializer_list<T> values) {
  std::string bytes;
  for (const T& value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
  return bytes;
}

}  // namespace kerf::test
