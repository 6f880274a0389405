#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
  std::shared_ptr<const linalg::PackedMatrix> packed = nullptr;
  graph::SourcePtr rows = nullptr;  ///< a matrix of which the kernel reads single rows (OpInfo::row_input)
  std::shared_ptr<const linalg::PackedMatrix> transposed = nullptr;  ///< the transpose packed, for derivatives
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

/// What a derivative rule works on: a node as it ran, and the derivatives of some scalar L by its outputs. The rule
/// gives those of L by its inputs, the transpose of the node's Jacobian applied to the outputs' (reverse mode:
/// Griewank & Walther 2008, Evaluating Derivatives, chapter 3).
class DerivativeContext {
 public:
  /// `by_outputs`: of the outputs' shapes; not defined where L does not depend on an output. `wanted`: by input, the
  /// results are in `by_inputs`, of the same size.
  DerivativeContext(const graph::Node& node, std::span<const Operand* const> inputs, std::span<const Tensor> outputs,
                    std::span<const Tensor> by_outputs, const std::vector<bool>& wanted, std::span<Tensor> by_inputs)
      : node_(node),
        inputs_(inputs),
        outputs_(outputs),
        by_outputs_(by_outputs),
        wanted_(wanted),
        by_inputs_(by_inputs) {}
  const graph::Node& node() const { return node_; }
  const graph::Attributes& attributes() const { return node_.attributes; }
  std::size_t input_count() const { return inputs_.size(); }
  std::size_t output_count() const { return outputs_.size(); }
  bool has_input(std::size_t i) const { return i < inputs_.size() && inputs_[i] != nullptr; }
  const Tensor& input(std::size_t i) const { return inputs_[i]->tensor; }
  const Operand& operand(std::size_t i) const { return *inputs_[i]; }
  const Tensor& output(std::size_t i) const { return outputs_[i]; }
  const Tensor& by_output(std::size_t i) const { return by_outputs_[i]; }
  /// Is the derivative by an input asked for? Never by one that is absent or not f32.
  bool wants(std::size_t i) const { return i < wanted_.size() && wanted_[i]; }
  /// Of the input's shape.
  void give(std::size_t i, Tensor derivative) { by_inputs_[i] = std::move(derivative); }

 private:
  const graph::Node& node_;
  std::span<const Operand* const> inputs_;
  std::span<const Tensor> outputs_, by_outputs_;
  const std::vector<bool>& wanted_;
  std::span<Tensor> by_inputs_;
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
  /// Gives the derivatives by all inputs that are wanted; at least one output has one. nullptr: the outputs do not
  /// depend smoothly on any input. Weights come as tensors, the one of packed_input also with its transpose packed.
  void (*differentiate)(DerivativeContext& context) = nullptr;
};

const std::vector<const OpInfo*>& all_ops();
/// nullptr if kerf does not implement it.
const OpInfo* find_op(std::string_view domain, std::string_view name);

/// Runs every shape rule with the given specs of the graph's inputs (one per graph.inputs() entry); returns the specs
/// of all values by id. Error(kInput) names the node, its operator and the first thing that does not fit, so that
/// kernels may trust their inputs. Unknown operators are refused here by name.
std::vector<TensorSpec> infer_specs(const graph::Graph& graph, std::span<const TensorSpec> inputs);

}  // namespace kerf::ops
