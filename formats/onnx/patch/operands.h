#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/onnx/patch/node_tree.h"
#include "formats/onnx/quantized/weight_form.h"

namespace kerf::formats::onnx {

/// A matrix that a node of the file multiplies by, or whose rows it looks up.
struct Operand {
  int input = 0;            ///< of the node
  std::string name;         ///< of the value
  bool turned = false;      ///< it is [in, out]
  bool is_table = false;    ///< Gather's
  bool is_product = false;  ///< of a node that can be replaced by another product: MatMul and Gemm
};

/// nullopt: the node is none that reads a matrix in a known way.
std::optional<Operand> operand_of(const proto::NodeProto& node);

/// The integer or the float of an attribute.
std::int64_t int_attribute(const proto::NodeProto& node, std::string_view name, std::int64_t fallback);
float float_attribute(const proto::NodeProto& node, std::string_view name, float fallback);

/// Where values of the main graph come from.
class Origin {
 public:
  Origin(const proto::GraphProto& graph, std::unordered_map<std::string, Slot*> producers);
  const proto::TensorProto* initializer(const std::string& name) const;
  Slot* producer(const std::string& name) const;
  /// The ONNX dtype of a float constant, by the initializer and the casts that it comes from.
  std::int32_t float_type(const std::string& name) const;
  /// The value that this one is a view of (Transpose, Identity, Reshape, Cast, ...); empty if it is none.
  std::string viewed(const std::string& name) const;

 private:
  std::unordered_map<std::string, const proto::TensorProto*> initializers_;
  std::unordered_map<std::string, Slot*> producers_;
};

/// The nodes that make what `node`, a MatMul or Gemm of `weight`, makes: `product` appends those that multiply.
void add_product(const proto::NodeProto& node, const QuantizedWeight& weight, const WeightForm& form,
                 const FormOptions& options, const Origin& origin, NodeList& list);

}  // namespace kerf::formats::onnx
