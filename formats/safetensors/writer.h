#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/dtype.h"
#include "core/output.h"
#include "core/shape.h"

namespace kerf::formats::safetensors {

/// A tensor that will be written: enough to lay out the file, without its data.
struct TensorPlan {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;

  /// numel x bytes of an element. Error(kUsage) if that overflows.
  std::uint64_t bytes() const;
};

using Metadata = std::map<std::string, std::string, std::less<>>;

/// What transformers expects of a file of PyTorch tensors.
inline const Metadata kPyTorchMetadata = {{"format", "pt"}};

/// Puts wide elements first, otherwise keeping the order: then every tensor's bytes are aligned for its dtype, which
/// the format does not demand but some readers map and use in place.
void sort_for_alignment(std::vector<TensorPlan>& tensors);

/// The start of a file that holds `tensors` in that order: length, JSON, and spaces so that the data begins at a
/// multiple of 8 bytes. Error(kUsage) if a name occurs twice or is "__metadata__".
std::string make_header(std::span<const TensorPlan> tensors, const Metadata& metadata);

/// Exact size of that file.
std::uint64_t plan_bytes(std::span<const TensorPlan> tensors, const Metadata& metadata);

/// Writes one file tensor by tensor: the layout is fixed at the start, the data follows in the same order and is never
/// held. The caller commits the OutputFile after finish().
class Writer {
 public:
  /// Writes the header. `out` must outlive this.
  Writer(OutputFile& out, std::vector<TensorPlan> tensors, const Metadata& metadata);

  /// The next bytes of tensor `name`; a tensor may come in several pieces. Error(kUsage) if another tensor's turn it
  /// is, or if these are more bytes than it has.
  void append(std::string_view name, std::span<const std::byte> bytes);
  /// Have all tensors all their bytes?
  bool complete() const { return current_ == tensors_.size(); }
  /// Error(kUsage) if a tensor is missing or incomplete.
  void finish() const;

 private:
  /// Steps over tensors that have all their bytes, empty ones included.
  void skip_complete();

  OutputFile& out_;
  std::vector<TensorPlan> tensors_;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;  ///< bytes of the current tensor
};

}  // namespace kerf::formats::safetensors
