#include "formats/safetensors/reader.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "core/strings.h"
#include "formats/strided_read.h"

namespace kerf::formats::safetensors {
namespace {

/// Elements that are converted at a time: large enough for fast reads, small against any budget.
constexpr std::uint64_t kSlabElements = std::uint64_t{1} << 18;

class StoredSource : public graph::TensorSource {
 public:
  explicit StoredSource(StoredTensor tensor)
      : TensorSource(tensor.entry.dtype, tensor.entry.shape,
                     fmt::format("{}: {}", tensor.file->path(), tensor.place())),
        tensor_(std::move(tensor)),
        place_(tensor_.place()) {}

  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    if (!is_floating(dtype())) {
      tensor_.fail(fmt::format("holds {} values, expected floating-point numbers", dtype_name(dtype())));
    }
    const auto width = static_cast<std::uint64_t>(row_size());
    const std::uint64_t begin = static_cast<std::uint64_t>(first) * width;
    const std::uint64_t total = static_cast<std::uint64_t>(count) * width;
    std::vector<std::byte> buffer;
    for (std::uint64_t done = 0; done < total; done += kSlabElements) {
      const std::uint64_t n = std::min(kSlabElements, total - done);
      read_slab(begin + done, std::span(out + done, static_cast<std::size_t>(n)), buffer);
    }
  }

 private:
  void read_slab(std::uint64_t first, std::span<float> out, std::vector<std::byte>& buffer) const {
    const std::uint64_t item = dtype_bytes(dtype());
    if (dtype() == DType::kF32) {
      tensor_.read(first * item, std::as_writable_bytes(out));
    } else {
      buffer.resize(out.size() * item);
      tensor_.read(first * item, buffer);
      codec::decode_floats(dtype(), buffer, out);
    }
    check_finite(out, first, shape(), tensor_.file->path(), place_);
  }

  StoredTensor tensor_;
  std::string place_;
};

/// Row-major index -> one index a dimension.
Shape unravel(std::uint64_t index, std::span<const std::int64_t> shape) {
  Shape position(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const auto extent = static_cast<std::uint64_t>(shape[axis]);
    position[axis] = static_cast<std::int64_t>(index % extent);
    index /= extent;
  }
  return position;
}

}  // namespace

std::string StoredTensor::place() const {
  constexpr std::size_t kLongestName = 200;  // ALBERT's are longer than what is usually quoted
  return fmt::format("tensor {}", quoted(name, kLongestName));
}

void StoredTensor::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (strides.empty()) return file->read(entry.offset + offset, into);
  const std::uint64_t item = dtype_bytes(entry.dtype);
  read_strided(*file, {entry.offset, item, entry.shape, strides}, offset / item, into);
}

Tensor StoredTensor::read() const {
  Tensor tensor(entry.dtype, entry.shape);
  const std::span<std::byte> bytes(tensor.raw(), tensor.bytes());
  read(0, bytes);
  if (entry.dtype == DType::kBool) {
    const auto bad = std::find_if(bytes.begin(), bytes.end(), [](std::byte b) { return b > std::byte{1}; });
    if (bad != bytes.end()) {
      fail(fmt::format("has the byte {} at index {}, expected 0 or 1", static_cast<int>(*bad), bad - bytes.begin()));
    }
  }
  return tensor;
}

void StoredTensor::fail(std::string message) const { throw_input(file->path(), place(), std::move(message)); }

Reader::Reader(const std::string& path) : file_(InputFile::open(path)), header_(read_header(*file_)) {}

StoredTensor Reader::stored(std::string_view name) const {
  const auto found = header_.tensors.find(name);
  if (found == header_.tensors.end()) throw_input(path(), "", fmt::format("has no tensor {}", quoted(name)));
  return {file_, found->first, found->second, {}};
}

StoredTensors Reader::stored() const {
  StoredTensors all;
  for (const auto& [name, entry] : header_.tensors)
    all.emplace_hint(all.end(), name, StoredTensor{file_, name, entry, {}});
  return all;
}

graph::SourcePtr make_source(StoredTensor tensor) { return std::make_shared<StoredSource>(std::move(tensor)); }

void check_finite(std::span<const float> values, std::uint64_t first, std::span<const std::int64_t> shape,
                  std::string_view file, std::string_view place) {
  const std::size_t bad = codec::first_non_finite(values);
  if (bad == values.size()) return;
  const Shape position = unravel(first + bad, shape);
  throw_input(file, place,
              fmt::format("value at {} is {}, expected a finite number", to_string(position),
                          std::isnan(values[bad]) ? "NaN" : "infinite"));
}

}  // namespace kerf::formats::safetensors
