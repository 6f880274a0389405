#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/output.h"
#include "formats/gguf/container.h"

namespace kerf::formats::gguf {

/// llama.cpp keeps names in 64 bytes, one of them for the final zero.
inline constexpr std::size_t kMaxWrittenNameBytes = 63;

/// The bytes of a file to be written, known before any values exist.
struct FileLayout {
  std::string header;               ///< magic number to the last tensor's info, without padding
  std::vector<TensorInfo> tensors;  ///< with offsets from the start of the file
  std::uint64_t total_bytes = 0;    ///< of the whole file, padding included
};

/// Lays out a version 3 file. `tensors` have names, shapes and types, in the order in which they will be written.
/// Error(kUsage) naming the tensor if a name is too long or used twice, or a shape does not suit its type.
FileLayout lay_out(const Metadata& metadata, std::vector<TensorInfo> tensors);

/// Writes the values of a layout's tensors in order, a piece at a time, with zeros between them.
class ContainerWriter {
 public:
  /// Writes the header. `layout` and `output` must outlive this.
  ContainerWriter(const FileLayout& layout, OutputFile& output);

  /// More bytes of the tensor that is being written.
  void write(std::span<const std::byte> bytes);
  /// Ends it. Error(kUsage) if it did not get exactly its bytes.
  void finish_tensor();
  /// Error(kUsage) unless every tensor was written.
  void finish() const;

 private:
  const FileLayout& layout_;
  OutputFile& output_;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace kerf::formats::gguf
