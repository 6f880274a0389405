#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "formats/onnx/stored_tensor.h"
#include "graph/tensor_source.h"

namespace kerf::formats::onnx {

/// A value of the model that depends on no input: an initializer, what a Constant node holds, or what follows from
/// those. Read only when its values are asked for. Copies share everything.
class Constant {
 public:
  /// A tensor of the file. `initializer`: its name in the main graph, which a writer finds it by again; empty: it has
  /// none (the attribute of a node).
  Constant(StoredTensor tensor, std::string initializer);
  /// Computed from others, whose initializers it came from.
  Constant(Tensor values, std::vector<std::string> initializers);
  /// Values that are read from elsewhere, and the initializers that they come from. `computed`: see below.
  Constant(graph::SourcePtr source, std::vector<std::string> initializers, bool computed = false);

  DType dtype() const { return state_->dtype; }
  const Shape& shape() const { return state_->shape; }
  std::int64_t size() const { return numel(shape()); }
  /// The initializers that it came from, by name; empty if none.
  const std::vector<std::string>& initializers() const { return state_->initializers; }
  bool in_memory() const { return state_->values.defined(); }
  /// Were its values computed from others, not only turned or cut into other axes?
  bool computed() const { return state_->computed; }
  /// All of it, kept once read.
  const Tensor& values() const;
  /// As f32 in place; not for integers. The same source at every call.
  graph::SourcePtr source() const;
  /// Bytes [offset, offset + into.size()) of a constant of bytes (u8), without reading the others.
  void read_bytes(std::int64_t offset, std::span<std::byte> into) const;
  /// The tensor of the file, if it is one as it is there.
  const StoredTensor* stored() const { return state_->stored ? &*state_->stored : nullptr; }

 private:
  struct State {
    DType dtype = DType::kF32;
    Shape shape;
    std::vector<std::string> initializers;
    std::optional<StoredTensor> stored;
    graph::SourcePtr source;
    Tensor values;
    bool computed = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Is it a matrix of floats as an initializer has them, seen from whichever side: no number that was computed?
bool is_learned_matrix(const Constant& constant);
/// The matrix transposed; only for two dimensions.
Constant transposed(const Constant& matrix);
/// The same values under another shape of the same number of elements.
Constant reshaped(const Constant& constant, Shape shape);

}  // namespace kerf::formats::onnx
