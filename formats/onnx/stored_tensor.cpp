#include "formats/onnx/stored_tensor.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/safetensors/reader.h"

namespace kerf::formats::onnx {
namespace {

using Type = proto::TensorProto;

/// An ONNX dtype: bits in a file, what kerf computes with, and how a float is decoded.
struct DataType {
  std::int32_t number;
  int bits;
  DType computed;
  std::optional<DType> floating = std::nullopt;
};

constexpr DataType kDataTypes[] = {
    {Type::FLOAT, 32, DType::kF32, DType::kF32},
    {Type::FLOAT16, 16, DType::kF32, DType::kF16},
    {Type::BFLOAT16, 16, DType::kF32, DType::kBF16},
    {Type::DOUBLE, 64, DType::kF32, DType::kF64},
    {Type::FLOAT8E4M3FN, 8, DType::kF32, DType::kF8E4M3},
    {Type::FLOAT8E5M2, 8, DType::kF32, DType::kF8E5M2},
    {Type::INT64, 64, DType::kI64},
    {Type::INT32, 32, DType::kI32},
    {Type::INT16, 16, DType::kI32},
    {Type::INT8, 8, DType::kI8},
    {Type::INT4, 4, DType::kI8},
    {Type::UINT64, 64, DType::kI64},
    {Type::UINT32, 32, DType::kI64},
    {Type::UINT16, 16, DType::kI32},
    {Type::UINT8, 8, DType::kU8},
    {Type::UINT4, 4, DType::kU8},
    {Type::BOOL, 8, DType::kBool},
};

const DataType* find_data_type(std::int32_t number) {
  const auto* found = std::find_if(std::begin(kDataTypes), std::end(kDataTypes),
                                   [&](const DataType& type) { return type.number == number; });
  return found == std::end(kDataTypes) ? nullptr : found;
}

/// The low bytes of each number, one after another.
template <typename Values>
std::string narrowed(const Values& values, std::size_t width) {
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(values.size()) * width);
  for (const auto value : values) {
    static_assert(sizeof(value) <= 8);
    char raw[8] = {};
    std::memcpy(raw, &value, sizeof(value));
    bytes.append(raw, width);
  }
  return bytes;
}

template <typename From, typename To>
void widen(std::span<const std::byte> bytes, Tensor& result) {
  To* to = result.data<To>();
  for (std::int64_t i = 0; i < result.size(); ++i) {
    From value;
    std::memcpy(&value, bytes.data() + static_cast<std::size_t>(i) * sizeof(From), sizeof(From));
    to[i] = static_cast<To>(value);
  }
}

/// Two values a byte, the first in the low half.
template <typename To>
void unpack_nibbles(std::span<const std::byte> bytes, bool is_signed, Tensor& result) {
  To* to = result.data<To>();
  for (std::int64_t i = 0; i < result.size(); ++i) {
    const auto byte = std::to_integer<int>(bytes[static_cast<std::size_t>(i / 2)]);
    const int nibble = i % 2 == 0 ? byte & 15 : byte >> 4;
    to[i] = static_cast<To>(is_signed && nibble >= 8 ? nibble - 16 : nibble);
  }
}

/// Elements that are converted at a time.
constexpr std::uint64_t kSlabElements = std::uint64_t{1} << 18;

void decode(const StoredTensor& tensor, std::uint64_t first, std::span<float> out) {
  const DType dtype = *find_data_type(tensor.data_type())->floating;
  const std::uint64_t item = dtype_bytes(dtype);
  std::vector<std::byte> buffer;
  for (std::uint64_t done = 0; done < out.size(); done += kSlabElements) {
    const auto part = out.subspan(static_cast<std::size_t>(done),
                                  static_cast<std::size_t>(std::min<std::uint64_t>(kSlabElements, out.size() - done)));
    if (dtype == DType::kF32) {
      tensor.read_bytes((first + done) * item, std::as_writable_bytes(part));
    } else {
      buffer.resize(part.size() * static_cast<std::size_t>(item));
      tensor.read_bytes((first + done) * item, buffer);
      codec::decode_floats(dtype, buffer, part);
    }
  }
}

class Source : public graph::TensorSource {
 public:
  Source(StoredTensor tensor, std::string path)
      : TensorSource(*find_data_type(tensor.data_type())->floating, tensor.shape(),
                     fmt::format("{}: {}", path, tensor.place())),
        tensor_(std::move(tensor)),
        path_(std::move(path)) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    const auto width = static_cast<std::uint64_t>(row_size());
    const std::uint64_t begin = static_cast<std::uint64_t>(first) * width;
    const std::span<float> values(out, static_cast<std::size_t>(static_cast<std::uint64_t>(count) * width));
    decode(tensor_, begin, values);
    safetensors::check_finite(values, begin, shape(), path_, tensor_.place());
  }

 private:
  StoredTensor tensor_;
  std::string path_;
};

std::optional<std::uint64_t> parse_number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<DType> computing_dtype(std::int32_t data_type) {
  const DataType* found = find_data_type(data_type);
  return found == nullptr ? std::nullopt : std::optional(found->computed);
}

int stored_bits(std::int32_t data_type) {
  const DataType* found = find_data_type(data_type);
  return found == nullptr ? 0 : found->bits;
}

StoredTensor::StoredTensor(const proto::TensorProto& tensor, const ByteSourcePtr& model, ExternalFiles& external,
                           std::string name)
    : name_(std::move(name)),
      data_type_(tensor.data_type()),
      shape_(tensor.dims().begin(), tensor.dims().end()),
      model_path_(model->path) {
  const DataType* type = find_data_type(data_type_);
  if (type == nullptr)
    fail(fmt::format("found values of type {}, which kerf does not read", data_type_name(data_type_)));
  if (tensor.has_segment()) fail("found a segment of a tensor, expected a whole one");
  const auto count = checked_numel(shape_);
  if (!count || shape_.size() > kMaxRank) {
    fail(fmt::format("found the shape {}, expected at most {} dimensions, none negative", to_string(shape_), kMaxRank));
  }
  const auto bits = checked_mul<std::int64_t>(*count, type->bits);
  if (!bits) fail(fmt::format("found the shape {}, whose bytes overflow", to_string(shape_)));
  bytes_ = static_cast<std::uint64_t>(div_up<std::int64_t>(*bits, 8));
  std::uint64_t found = 0;
  if (tensor.data_location() == proto::TensorProto::EXTERNAL) {
    find_external(tensor, external);
    found = bytes_;
  } else if (tensor.has_place()) {
    file_ = model;
    offset_ = tensor.place().offset();
    found = tensor.place().bytes();
    // Floats may be cut into several fields, of which only the last is remembered: then the count is wrong.
  } else if (tensor.has_raw_data()) {
    memory_ = std::make_shared<const std::string>(tensor.raw_data());
    found = memory_->size();
  } else {
    take_typed_values(tensor);
    found = memory_->size();
  }
  if (found != bytes_) {
    fail(fmt::format("found {} bytes of values, expected {} for {} of shape {}", found, bytes_,
                     data_type_name(data_type_), to_string(shape_)));
  }
}

void StoredTensor::take_typed_values(const proto::TensorProto& tensor) {
  std::string bytes;
  switch (data_type_) {
    case Type::FLOAT:
      bytes = narrowed(tensor.float_data(), 4);
      break;
    case Type::DOUBLE:
      bytes = narrowed(tensor.double_data(), 8);
      break;
    case Type::INT64:
      bytes = narrowed(tensor.int64_data(), 8);
      break;
    case Type::UINT64:
      bytes = narrowed(tensor.uint64_data(), 8);
      break;
    case Type::UINT32:
      bytes = narrowed(tensor.uint64_data(), 4);
      break;
    default:
      bytes = narrowed(tensor.int32_data(), static_cast<std::size_t>(std::max(stored_bits(data_type_), 8) / 8));
      break;
  }
  memory_ = std::make_shared<const std::string>(std::move(bytes));
}

void StoredTensor::find_external(const proto::TensorProto& tensor, ExternalFiles& external) {
  std::string location;
  std::optional<std::uint64_t> length;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    const auto number = parse_number(entry.value());
    if (!number)
      fail(fmt::format("external data: found the {} {}, expected a number", entry.key(), quoted(entry.value())));
    if (entry.key() == "offset") offset_ = *number;
    if (entry.key() == "length") length = *number;
  }
  if (location.empty()) fail("external data: the location is missing");
  file_ = external.open(location, place());
  if (length && *length != bytes_) {
    fail(fmt::format("external data: found a length of {} bytes, expected {} for {} of shape {}", *length, bytes_,
                     data_type_name(data_type_), to_string(shape_)));
  }
  const auto end = checked_add(offset_, bytes_);
  if (!end || *end > file_->size) {
    fail(fmt::format("external data: found {} bytes at offset {} of {}, which has {}", bytes_, offset_,
                     quoted(location), file_->size));
  }
}

bool StoredTensor::is_float() const { return find_data_type(data_type_)->floating.has_value(); }

std::string StoredTensor::place() const { return fmt::format("tensor {}", quoted(name_, 200)); }

void StoredTensor::fail(std::string message) const { throw_input(model_path_, place(), std::move(message)); }

void StoredTensor::read_bytes(std::uint64_t offset, std::span<std::byte> into) const {
  if (into.empty()) return;
  if (file_ != nullptr) return file_->read(offset_ + offset, into);
  std::memcpy(into.data(), memory_->data() + offset, into.size());
}

DType StoredTensor::dtype() const { return find_data_type(data_type_)->computed; }

Tensor StoredTensor::read() const {
  Tensor result(dtype(), shape_);
  if (is_float()) {
    decode(*this, 0, result.values<float>());
    return result;
  }
  std::vector<std::byte> bytes(static_cast<std::size_t>(bytes_));
  read_bytes(0, bytes);
  switch (data_type_) {
    case Type::INT4:
      unpack_nibbles<std::int8_t>(bytes, true, result);
      break;
    case Type::UINT4:
      unpack_nibbles<std::uint8_t>(bytes, false, result);
      break;
    case Type::INT16:
      widen<std::int16_t, std::int32_t>(bytes, result);
      break;
    case Type::UINT16:
      widen<std::uint16_t, std::int32_t>(bytes, result);
      break;
    case Type::UINT32:
      widen<std::uint32_t, std::int64_t>(bytes, result);
      break;
    case Type::BOOL:
      for (std::size_t i = 0; i < bytes.size(); ++i)
        result.raw()[i] = bytes[i] == std::byte{0} ? std::byte{0} : std::byte{1};
      break;
    default:
      if (!bytes.empty()) std::memcpy(result.raw(), bytes.data(), bytes.size());
      break;
  }
  return result;
}

StoredTensor StoredTensor::reshaped(Shape shape) const {
  StoredTensor result = *this;
  result.shape_ = std::move(shape);
  return result;
}

graph::SourcePtr StoredTensor::source() const { return std::make_shared<Source>(*this, model_path_); }

}  // namespace kerf::formats::onnx
