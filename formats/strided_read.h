#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/file.h"

namespace kerf::formats {

/// A tensor in a file whose elements do not follow each other in row-major order.
struct StridedLayout {
  std::uint64_t offset = 0;               ///< of the first element, in bytes from the start of the file
  std::uint64_t item = 0;                 ///< bytes of an element
  std::span<const std::int64_t> shape;    ///< every dimension at least 1
  std::span<const std::int64_t> strides;  ///< in elements, not negative; the caller knows that all lie in the file
};

/// Elements [first, first + into.size() / item) in row-major order. Reads in pieces of at most a few megabytes.
void read_strided(const InputFile& file, const StridedLayout& layout, std::uint64_t first, std::span<std::byte> into);

}  // namespace kerf::formats
