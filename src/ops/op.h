#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "graph/graph.h"
#include "ops/linalg.h"

namespace kerf::ops {

/// dtype and shape of a value.
struct TensorSpec {
  DType dtype = DType::kF32;
  Shape shape;
  /// The values, where they are known before anything runs (small constants and what follows from them): a shape rule
  /// needs them where a shape is an input, as in Reshape. Not defined where they are not known.
  Tensor known{};
  /// Equal dtype and shape.
  bool operator==(const TensorSpec& other) const { return dtype == other.dtype && shape == other.shape; }
};

/// An input of a kernel: a tensor, or, where the operator asks for it, a packed matrix (OpInfo::packed_input) or a
/// source of rows (OpInfo::row_input): an embedding table is never in memory as a whole.
struct Operand {
  Tensor tensor;
  std::shared_ptr<const linalg::PackedMatrix> packed;
  graph::SourcePtr rows;  ///< a matrix of which the kernel reads single rows (OpInfo::row_input)
};

/// What a kernel works on. Inputs were verified by the shape rule; absent optional inputs are nullptr.
class KernelContext {
 public:
  KernelContext(const graph::Node& node, std::span<const Operand* const> inputs, std::span<Tensor> outputs)
      : node_(node), inputs_(inputs), outputs_(outputs) {}
  const graph::Node& node() const { return node_; }
  const graph::Attributes& attributes() const { return node_.attributes; }
  std::size_t input_count() const { return inputs_.size(); }
  bool has_input(std::size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  const Tensor& input(std::size_t i) const { return inputs_[i]->tensor; }
  bool has_packed(std::size_t i) const { return inputs_[i]->packed != nullptr; }
  const linalg::PackedMatrix& packed(std::size_t i) const { return *inputs_[i]->packed; }
  /// nullptr if the input is an ordinary tensor.
  const graph::TensorSource* rows(std::size_t i) const { return inputs_[i]->rows.get(); }
  /// Set by the kernel.
  Tensor& output(std::size_t i) { return outputs_[i]; }

 private:
  const graph::Node& node_;
  std::span<const Operand* const> inputs_;
  std::span<Tensor> outputs_;
};

/// What an operator means, in one file: src/ops/ops.def lists them all.
struct OpInfo {
  std::string_view name;    ///< "RMSNormalization"
  std::string_view domain;  ///< "" or "kerf"
  std::string_view summary;
  std::string_view source;  ///< link to the specification
  /// Index of the weight input [out, in] that the kernel wants as a PackedMatrix (it packs a plain tensor itself, at
  /// every call); -1: none.
  int packed_input = -1;
  /// Index of an input that, when it is a weight, arrives as a source of rows; -1: none.
  int row_input = -1;
  /// Every output row (all axes but the last) depends only on the same row of the activations: such nodes may be run
  /// on any subset of positions.
  bool rowwise = false;
  /// Output specs from input specs (absent optional inputs: nullptr). Throws Error(kInput) with `what was found, what
  /// was expected`; the caller adds the node.
  std::vector<TensorSpec> (*infer)(const graph::Node& node, std::span<const TensorSpec* const> inputs);
  /// Never throws on verified input. May call parallel_for.
  void (*run)(KernelContext& context);
};

const std::vector<const OpInfo*>& all_ops();
/// nullptr if kerf does not implement it.
const OpInfo* find_op(std::string_view domain, std::string_view name);

/// Runs every shape rule with the given specs of the graph's inputs (one per graph.inputs() entry); returns the specs
/// of all values by id. Error(kInput) names the node, its operator and the first thing that does not fit, so that
/// kernels may trust their inputs. Unknown operators are refused here by name.
std::vector<TensorSpec> infer_specs(const graph::Graph& graph, std::span<const TensorSpec> inputs);

}  // namespace kerf::ops
