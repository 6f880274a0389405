#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "core/dtype.h"
#include "core/file.h"
#include "core/shape.h"

namespace kerf::formats::safetensors {

/// The longest header that is read, as the reference implementation has it.
inline constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

/// One tensor of a file.
struct Entry {
  DType dtype = DType::kF32;
  Shape shape;
  std::uint64_t offset = 0;  ///< from the start of the file, in bytes
  std::uint64_t bytes = 0;
};

/// The tensors of a file by name, and its free-form metadata.
struct Header {
  std::map<std::string, Entry, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
  std::uint64_t data_start = 0;  ///< offset of the first tensor's bytes
};

/// "F32", "BF16", "I64", "F8_E4M3": a dtype as this format spells it.
std::string_view format_dtype_name(DType dtype);

/// Length of the JSON header as the first 8 bytes say it, compared with the size of the file. `start` holds the first
/// bytes of the file, up to kImpostorBytes of them. Error(kInput) that says what the file is instead where that can be
/// told (an unfinished download, formats/impostor.h).
std::uint64_t header_length(std::span<const std::byte> start, std::uint64_t file_bytes, const std::string& file);

/// The JSON header of a file of `file_bytes` bytes. Everything is checked: names are unique, dtypes known, ranks at
/// most kMaxRank, sizes free of overflow and equal to the byte ranges, and the ranges cover the data without overlap or
/// hole. Error(kInput) naming `file` and the tensor. Nothing is allocated for a number that the JSON states.
Header parse_header(std::string_view json, std::uint64_t file_bytes, const std::string& file);

/// The two above, on a whole file in memory and on an open one.
Header parse_bytes(std::span<const std::byte> bytes, const std::string& file);
Header read_header(const InputFile& file);

}  // namespace kerf::formats::safetensors
