#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/file.h"

namespace kerf::formats::onnx {

/// Bytes that are read where they are needed: a file, or a buffer of a test. Thread-safe.
struct ByteSource {
  std::string path;  ///< for errors
  std::uint64_t size = 0;
  /// Reads at an offset; the caller stays within `size`.
  std::function<void(std::uint64_t offset, std::span<std::byte> into)> read;
};

using ByteSourcePtr = std::shared_ptr<const ByteSource>;

inline ByteSourcePtr make_byte_source(std::shared_ptr<const InputFile> file) {
  ByteSource source{file->path(), file->size(), {}};
  source.read = [file = std::move(file)](std::uint64_t offset, std::span<std::byte> into) { file->read(offset, into); };
  return std::make_shared<const ByteSource>(std::move(source));
}

}  // namespace kerf::formats::onnx
