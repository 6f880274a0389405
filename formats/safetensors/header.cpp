#include "formats/safetensors/header.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/impostor.h"
#include "formats/safetensors/header_parser.h"

namespace kerf::formats::safetensors {
namespace {

constexpr std::size_t kLengthBytes = 8;

constexpr std::array<std::pair<std::string_view, DType>, 16> kDtypes = {{
    {"F64", DType::kF64},
    {"F32", DType::kF32},
    {"F16", DType::kF16},
    {"BF16", DType::kBF16},
    {"F8_E4M3", DType::kF8E4M3},
    {"F8_E5M2", DType::kF8E5M2},
    {"F8_E8M0", DType::kE8M0},
    {"I64", DType::kI64},
    {"I32", DType::kI32},
    {"I16", DType::kI16},
    {"I8", DType::kI8},
    {"U64", DType::kU64},
    {"U32", DType::kU32},
    {"U16", DType::kU16},
    {"U8", DType::kU8},
    {"BOOL", DType::kBool},
}};

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_impostor(std::string_view start, const std::string& file) {
  // The start of a model may look like one of them: a header of 640 bytes begins as a pickle does.
  if (start.size() > kLengthBytes && start[kLengthBytes] == '{') return;
  if (const auto impostor = describe_binary_impostor(start)) {
    throw_input(file, "", fmt::format("is {}", *impostor));
  }
}

/// Ranges must follow each other from the first byte of the data to the last, so that no byte has two owners or none.
void check_coverage(const Header& header, std::uint64_t file_bytes, const std::string& file) {
  using Named = std::pair<const std::string, Entry>;
  std::vector<const Named*> order;
  order.reserve(header.tensors.size());
  for (const Named& named : header.tensors) order.push_back(&named);
  std::sort(order.begin(), order.end(), [](const Named* a, const Named* b) {
    return std::pair(a->second.offset, a->second.bytes) < std::pair(b->second.offset, b->second.bytes);
  });
  const std::uint64_t data_bytes = file_bytes - header.data_start;
  std::uint64_t position = 0;
  for (const Named* named : order) {
    const Entry& entry = named->second;
    const auto refuse = [&](std::string message) {
      throw_input(file, fmt::format("tensor {}", quoted(named->first)), std::move(message));
    };
    if (entry.offset < position) {
      refuse(fmt::format("begins at byte {} of the data, inside the tensor before it, which ends at {}", entry.offset,
                         position));
    }
    if (entry.offset > position) {
      refuse(
          fmt::format("begins at byte {} of the data, but the tensor before it ends at {}: {} bytes belong to no "
                      "tensor",
                      entry.offset, position, entry.offset - position));
    }
    position += entry.bytes;  // The range's end, which the header stated in 64 bits.
    if (position > data_bytes) {
      refuse(
          fmt::format("ends at byte {} of the data, but the file holds only {} bytes of it: an unfinished download "
                      "or copy",
                      position, data_bytes));
    }
  }
  if (position != data_bytes) {
    throw_input(file, "", fmt::format("has {} bytes after the last tensor, expected none", data_bytes - position));
  }
}

}  // namespace

std::string_view format_dtype_name(DType dtype) {
  const auto found = std::find_if(kDtypes.begin(), kDtypes.end(), [&](const auto& row) { return row.second == dtype; });
  return found->first;
}

std::optional<DType> parse_format_dtype(std::string_view name) {
  const auto found = std::find_if(kDtypes.begin(), kDtypes.end(), [&](const auto& row) { return row.first == name; });
  return found == kDtypes.end() ? std::nullopt : std::optional(found->second);
}

std::uint64_t header_length(std::span<const std::byte> start, std::uint64_t file_bytes, const std::string& file) {
  if (file_bytes == 0) throw_input(file, "", "is empty; expected a safetensors file (an unfinished download?)");
  check_impostor(as_text(start), file);
  if (start.size() < kLengthBytes) {
    throw_input(file, "",
                fmt::format("holds {} bytes, expected at least {} of a safetensors file", file_bytes, kLengthBytes));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, start.data(), kLengthBytes);
  if (length > kMaxHeaderBytes) {
    throw_input(file, "",
                fmt::format("is not a safetensors file: it would have a header of {} bytes, more than {}", length,
                            kMaxHeaderBytes));
  }
  if (length > file_bytes - kLengthBytes) {
    throw_input(file, "",
                fmt::format("has a header of {} bytes, but the file ends {} bytes after its length: an "
                            "unfinished download or copy",
                            length, file_bytes - kLengthBytes));
  }
  return length;
}

Header parse_header(std::string_view json, std::uint64_t file_bytes, const std::string& file) {
  Header header = parse_header_json(json, file);
  header.data_start = kLengthBytes + json.size();
  check_coverage(header, file_bytes, file);
  for (auto& [name, entry] : header.tensors) entry.offset += header.data_start;
  return header;
}

Header parse_bytes(std::span<const std::byte> bytes, const std::string& file) {
  const std::uint64_t length = header_length(bytes.first(std::min(bytes.size(), kImpostorBytes)), bytes.size(), file);
  return parse_header(as_text(bytes.subspan(kLengthBytes, length)), bytes.size(), file);
}

Header read_header(const InputFile& file) {
  const std::string start = read_start(file);
  const std::uint64_t length = header_length(std::as_bytes(std::span(start)), file.size(), file.path());
  std::string json(static_cast<std::size_t>(length), '\0');
  file.read(kLengthBytes, std::as_writable_bytes(std::span(json)));
  return parse_header(json, file.size(), file.path());
}

}  // namespace kerf::formats::safetensors
