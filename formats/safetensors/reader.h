#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/file.h"
#include "core/tensor.h"
#include "formats/safetensors/header.h"
#include "graph/tensor_source.h"

namespace kerf::formats::safetensors {

/// One tensor in an open file, a .safetensors or PyTorch's: what layouts and sources are made from. Copies share the
/// file. Thread-safe.
struct StoredTensor {
  std::shared_ptr<const InputFile> file;
  std::string name;
  Entry entry;
  Shape strides{};  ///< in elements, where the file does not hold the tensor row after row; empty: it does

  /// "tensor 'name'", for errors.
  std::string place() const;
  /// Bytes [offset, offset + into.size()) of the tensor; the caller stays within entry.bytes.
  void read(std::uint64_t offset, std::span<std::byte> into) const;
  /// All of it, in its own dtype. Bytes of a BOOL tensor must be 0 or 1.
  Tensor read() const;
  /// Throws Error(kInput) naming file and tensor.
  [[noreturn]] void fail(std::string message) const;
};

/// Tensors of all files of a checkpoint.
using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;

/// An open .safetensors file. Opening reads and checks the header (header.h), tensors are read when asked for.
class Reader {
 public:
  explicit Reader(const std::string& path);

  const std::string& path() const { return file_->path(); }
  const Header& header() const { return header_; }
  /// Error(kInput) if there is no tensor of that name.
  StoredTensor stored(std::string_view name) const;
  /// All tensors.
  StoredTensors stored() const;
  /// One tensor in memory, of any dtype.
  Tensor read_tensor(std::string_view name) const { return stored(name).read(); }

 private:
  std::shared_ptr<const InputFile> file_;
  Header header_;
};

/// A tensor's values as f32, read when needed in slabs of bounded size, each checked to be finite. A tensor of integers
/// has a source too, so that names and shapes can be checked, but read_rows() refuses it: read it with
/// StoredTensor::read().
graph::SourcePtr make_source(StoredTensor tensor);

/// Fails unless all of `values` are finite. `first` is the index of values[0] in a tensor of `shape`, row-major.
void check_finite(std::span<const float> values, std::uint64_t first, std::span<const std::int64_t> shape,
                  std::string_view file, std::string_view place);

}  // namespace kerf::formats::safetensors
