#include "formats/gguf/container.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <unordered_set>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/gguf/ggml_types.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::uint64_t kMinimumKeyValueBytes = 13;    // length, an empty key, type, one byte
constexpr std::uint64_t kMinimumTensorInfoBytes = 24;  // length, an empty name, rank, type, offset
constexpr std::uint64_t kMinimumArrayBytes = 12;       // type, count
constexpr std::uint64_t kMaxEntries = 1'000'000;       // of keys, of tensors: far beyond any model
constexpr std::uint64_t kMaxKeyBytes = 65535;          // the specification's
constexpr std::uint64_t kMaxStringBytes = std::uint64_t{64} << 20;
constexpr int kMaxArrayDepth = 4;

ValueType read_type(HeaderReader& reader, std::string_view what) {
  const auto type = reader.read<std::uint32_t>(what);
  if (type >= kValueTypeCount) {
    reader.fail(fmt::format("{}: found value type {}, expected 0 to {}", what, type, kValueTypeCount - 1));
  }
  return static_cast<ValueType>(type);
}

bool read_bool(HeaderReader& reader, std::string_view what) {
  const auto byte = reader.read<std::uint8_t>(what);
  if (byte > 1) reader.fail(fmt::format("{}: found a boolean of value {}, expected 0 or 1", what, byte));
  return byte == 1;
}

template <typename T>
std::vector<T> read_numbers(HeaderReader& reader, std::uint64_t count, std::string_view what) {
  reader.expect_items(count, sizeof(T), what);
  std::vector<T> values(static_cast<std::size_t>(count));
  reader.read_bytes(std::as_writable_bytes(std::span(values)), what);
  return values;
}

Array read_array(HeaderReader& reader, int depth, std::string_view what);

template <typename T, typename Read>
std::vector<T> read_items(HeaderReader& reader, std::uint64_t count, std::uint64_t minimum_bytes, std::string_view what,
                          Read read_one) {
  reader.expect_items(count, minimum_bytes, what);
  std::vector<T> items;
  items.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) items.push_back(read_one());
  return items;
}

Array read_array(HeaderReader& reader, int depth, std::string_view what) {
  const ValueType type = read_type(reader, what);
  const auto count = reader.read<std::uint64_t>(what);
  switch (type) {
    case ValueType::kU8:
      return {read_numbers<std::uint8_t>(reader, count, what)};
    case ValueType::kI8:
      return {read_numbers<std::int8_t>(reader, count, what)};
    case ValueType::kU16:
      return {read_numbers<std::uint16_t>(reader, count, what)};
    case ValueType::kI16:
      return {read_numbers<std::int16_t>(reader, count, what)};
    case ValueType::kU32:
      return {read_numbers<std::uint32_t>(reader, count, what)};
    case ValueType::kI32:
      return {read_numbers<std::int32_t>(reader, count, what)};
    case ValueType::kF32:
      return {read_numbers<float>(reader, count, what)};
    case ValueType::kU64:
      return {read_numbers<std::uint64_t>(reader, count, what)};
    case ValueType::kI64:
      return {read_numbers<std::int64_t>(reader, count, what)};
    case ValueType::kF64:
      return {read_numbers<double>(reader, count, what)};
    case ValueType::kBool:
      return {read_items<bool>(reader, count, 1, what, [&] { return read_bool(reader, what); })};
    case ValueType::kString:
      return {read_items<std::string>(reader, count, sizeof(std::uint64_t), what,
                                      [&] { return reader.read_string(kMaxStringBytes, what); })};
    case ValueType::kArray:
      break;
  }
  if (depth == kMaxArrayDepth) reader.fail(fmt::format("{}: found arrays nested deeper than {}", what, kMaxArrayDepth));
  return {
      read_items<Array>(reader, count, kMinimumArrayBytes, what, [&] { return read_array(reader, depth + 1, what); })};
}

Value read_value(HeaderReader& reader, std::string_view what) {
  switch (read_type(reader, what)) {
    case ValueType::kU8:
      return reader.read<std::uint8_t>(what);
    case ValueType::kI8:
      return reader.read<std::int8_t>(what);
    case ValueType::kU16:
      return reader.read<std::uint16_t>(what);
    case ValueType::kI16:
      return reader.read<std::int16_t>(what);
    case ValueType::kU32:
      return reader.read<std::uint32_t>(what);
    case ValueType::kI32:
      return reader.read<std::int32_t>(what);
    case ValueType::kF32:
      return reader.read<float>(what);
    case ValueType::kBool:
      return read_bool(reader, what);
    case ValueType::kString:
      return reader.read_string(kMaxStringBytes, what);
    case ValueType::kArray:
      return read_array(reader, 1, what);
    case ValueType::kU64:
      return reader.read<std::uint64_t>(what);
    case ValueType::kI64:
      return reader.read<std::int64_t>(what);
    case ValueType::kF64:
      return reader.read<double>(what);
  }
  reader.fail("unreachable value type");
}

void read_metadata(HeaderReader& reader, std::uint64_t count, Metadata& metadata) {
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string key = reader.read_string(kMaxKeyBytes, fmt::format("metadata key {}", i));
    if (key.empty()) reader.fail(fmt::format("found an empty name for metadata key {}", i));
    const std::string what = fmt::format("key {}", quoted(key));
    Value value = read_value(reader, what);
    if (!metadata.append(std::move(key), std::move(value))) reader.fail(fmt::format("found {} twice", what));
  }
}

std::uint64_t read_alignment(const Metadata& metadata, const std::string& label) {
  const Value* value = metadata.find("general.alignment");
  if (value == nullptr) return kDefaultAlignment;
  const auto* alignment = std::get_if<std::uint32_t>(value);
  if (alignment == nullptr) {
    throw_input(label, "key 'general.alignment'",
                fmt::format("found a value of type {}, expected u32", value_type_name(type_of(*value))));
  }
  if (!std::has_single_bit(*alignment)) {
    throw_input(label, "key 'general.alignment'", fmt::format("found {}, expected a power of two", *alignment));
  }
  return *alignment;
}

Shape read_shape(HeaderReader& reader, std::string_view what) {
  const auto rank = reader.read<std::uint32_t>(what);
  if (rank > kMaxDims) reader.fail(fmt::format("{}: found {} dimensions, expected at most {}", what, rank, kMaxDims));
  Shape shape(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const auto dim = reader.read<std::uint64_t>(what);
    if (dim == 0 || dim > static_cast<std::uint64_t>(INT64_MAX)) {
      reader.fail(fmt::format("{}: found a dimension of {}, expected 1 to {}", what, dim, INT64_MAX));
    }
    shape[rank - 1 - i] = static_cast<std::int64_t>(dim);
  }
  return shape;
}

/// `offset` is relative to the data section until place_tensors().
TensorInfo read_tensor_info(HeaderReader& reader, std::uint64_t number, const std::string& label) {
  TensorInfo info;
  info.name = reader.read_string(kMaxKeyBytes, fmt::format("name of tensor {}", number));
  if (info.name.empty()) reader.fail(fmt::format("found an empty name for tensor {}", number));
  const std::string what = fmt::format("tensor {}", quoted(info.name));
  info.shape = read_shape(reader, what);
  info.type = reader.read<std::uint32_t>(what);
  info.offset = reader.read<std::uint64_t>(what);
  info.bytes = tensor_bytes(info.type, info.shape, label, what);
  return info;
}

void place_tensors(Container& container, std::uint64_t file_bytes, const std::string& label) {
  for (TensorInfo& info : container.tensors) {
    const std::string what = fmt::format("tensor {}", quoted(info.name));
    if (info.offset % container.alignment != 0) {
      throw_input(label, what,
                  fmt::format("found offset {}, expected a multiple of {}", info.offset, container.alignment));
    }
    const auto begin = checked_add(container.data_offset, info.offset);
    const auto end = begin ? checked_add(*begin, info.bytes) : std::nullopt;
    if (!end || *end > file_bytes) {
      throw_input(label, what,
                  fmt::format("found {} bytes at offset {} of the data, which begins at {}, but the file has only {} "
                              "bytes: perhaps an incomplete download",
                              info.bytes, info.offset, container.data_offset, file_bytes));
    }
    info.offset = *begin;
  }
}

void check_overlap(const std::vector<TensorInfo>& tensors, const std::string& label) {
  std::vector<const TensorInfo*> order(tensors.size());
  std::transform(tensors.begin(), tensors.end(), order.begin(), [](const TensorInfo& info) { return &info; });
  std::sort(order.begin(), order.end(), [](const TensorInfo* a, const TensorInfo* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (order[i - 1]->offset + order[i - 1]->bytes <= order[i]->offset) continue;
    throw_input(label, fmt::format("tensor {}", quoted(order[i]->name)),
                fmt::format("found its bytes overlapping those of tensor {}", quoted(order[i - 1]->name)));
  }
}

void read_tensor_infos(HeaderReader& reader, std::uint64_t count, const std::string& label, Container& container) {
  std::unordered_set<std::string> names;
  container.tensors.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    TensorInfo info = read_tensor_info(reader, i, label);
    if (!names.insert(info.name).second) reader.fail(fmt::format("found tensor {} twice", quoted(info.name)));
    container.tensors.push_back(std::move(info));
  }
}

std::uint32_t read_version(HeaderReader& reader) {
  std::string magic(kMagic.size(), '\0');
  reader.read_bytes(std::as_writable_bytes(std::span(magic)), "magic number");
  if (magic != kMagic) reader.fail(fmt::format("found magic number {}, expected 'GGUF'", quoted(magic)));
  const auto version = reader.read<std::uint32_t>("version");
  if (version == 2 || version == 3) return version;
  // Version 1 had 32-bit lengths; a byte-swapped version is a big-endian file.
  const bool swapped = version != 0 && (version & 0xFFFFU) == 0;
  reader.fail(swapped ? "found a big-endian file, expected little endian"
                      : fmt::format("found version {}, expected 2 or 3", version));
}

void expect_entries(const HeaderReader& reader, std::uint64_t count, std::uint64_t minimum_bytes,
                    std::string_view what) {
  reader.expect_items(count, minimum_bytes, what);
  if (count > kMaxEntries) reader.fail(fmt::format("{}: found {}, expected at most {}", what, count, kMaxEntries));
}

}  // namespace

std::uint64_t tensor_bytes(std::uint32_t type, const Shape& shape, std::string_view file, std::string_view place) {
  const GgmlType* known = find_ggml_type(type);
  if (known == nullptr) throw_input(file, place, fmt::format("found tensor type {}, which ggml does not define", type));
  const auto count = checked_numel(shape);
  const std::int64_t row = shape.empty() ? 1 : shape.back();
  if (!count || *count <= 0) {
    throw_input(file, place, fmt::format("found the shape {}, expected a positive number of values", to_string(shape)));
  }
  if (row % known->block_size != 0) {
    throw_input(file, place,
                fmt::format("found rows of {} values, expected a multiple of {}'s block of {}", row, known->name,
                            known->block_size));
  }
  const auto bytes = checked_mul(*count / known->block_size, known->block_bytes);
  if (!bytes) throw_input(file, place, fmt::format("found the shape {}, whose bytes overflow", to_string(shape)));
  return static_cast<std::uint64_t>(*bytes);
}

bool has_tensor(const Container& container, std::string_view name) {
  return std::any_of(container.tensors.begin(), container.tensors.end(),
                     [&](const TensorInfo& info) { return info.name == name; });
}

Container parse_container(const ReadAt& read, std::uint64_t file_bytes, const std::string& label) {
  HeaderReader reader(read, file_bytes, label);
  Container container;
  container.version = read_version(reader);
  const auto tensor_count = reader.read<std::uint64_t>("number of tensors");
  const auto key_count = reader.read<std::uint64_t>("number of metadata keys");
  expect_entries(reader, tensor_count, kMinimumTensorInfoBytes, "number of tensors");
  expect_entries(reader, key_count, kMinimumKeyValueBytes, "number of metadata keys");
  read_metadata(reader, key_count, container.metadata);
  container.alignment = read_alignment(container.metadata, label);
  expect_entries(reader, tensor_count, kMinimumTensorInfoBytes, "number of tensors");
  read_tensor_infos(reader, tensor_count, label, container);
  container.data_offset = *checked_align(reader.offset(), container.alignment);
  place_tensors(container, file_bytes, label);
  check_overlap(container.tensors, label);
  return container;
}

Container read_container(const InputFile& file) {
  const ReadAt read = [&](std::uint64_t offset, std::span<std::byte> into) { file.read(offset, into); };
  return parse_container(read, file.size(), file.path());
}

}  // namespace kerf::formats::gguf
