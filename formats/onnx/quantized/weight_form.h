#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "codec/quantized_tensor.h"
#include "codec/scheme.h"
#include "formats/onnx/planned_tensor.h"

namespace kerf::formats::onnx {

/// A weight [rows, cols] = [out, in] that is to be codes in an ONNX graph, before they exist.
struct QuantizedWeight {
  std::string name;  ///< what the names of its initializers begin with
  codec::Scheme scheme;
  std::int64_t rows = 0, cols = 0;
  std::int32_t float_type = proto::TensorProto::FLOAT;  ///< of what it is multiplied with: FLOAT, FLOAT16, BFLOAT16
  bool turned = false;  ///< the graph wants the matrix itself as [in, out] (MatMul), not [out, in] (Gemm, Gather)
};

/// What a user chooses about the operators.
struct FormOptions {
  int accuracy_level = 0;  ///< MatMulNBits: 0 the runtime's choice, 1 f32, 2 f16, 3 bf16, 4 int8
};

/// Where a weight is used: a product's activations or a lookup's ids, and the value that comes of it.
struct WeightUse {
  std::string input;   ///< empty where the matrix itself is made
  std::string output;  ///< the matrix, the product or the rows
  std::string node;    ///< the name of the node that makes `output`; names of others begin with it
  std::string bias{};  ///< of a product, [out]; empty: none
};

/// Nodes that are written one after another, in an order in which they can run.
struct NodeList {
  std::vector<proto::NodeProto> nodes;
  std::set<std::string> shared;  ///< values that several uses read, made already

  /// True at the first call for a value.
  bool first(const std::string& value) { return shared.insert(value).second; }
};

/// One way of having integer codes in place of a matrix; each in its own file, listed in weight_forms.def. Values are
/// those of codec::dequantize_rows, bit for bit, before anything that the runtime rounds.
struct WeightForm {
  enum class Makes {
    kMatrix,   ///< the matrix as floats, for whatever reads it
    kProduct,  ///< activations [..., in] times the matrix: [..., out]
    kRows,     ///< the rows that ids choose
  };

  std::string_view name;     ///< of the operator that holds the codes
  std::string_view summary;  ///< one line for docs
  std::string_view source;
  Makes makes;
  /// Why the weight cannot be held exactly, in one sentence without its name; nullopt if it can.
  std::optional<std::string> (*refusal)(const QuantizedWeight& weight);
  /// The opset of the default domain that the nodes need, and whether they need com.microsoft's.
  std::int64_t (*opset)(const QuantizedWeight& weight);
  bool microsoft;
  /// Its initializers. The scheme is one that is not refused; so in the next two.
  std::vector<PlannedTensor> (*plan)(const QuantizedWeight& weight);
  TensorBytes (*encode)(const QuantizedWeight& weight, const codec::QuantizedTensor& tensor);
  /// Appends the nodes of one use.
  void (*add_nodes)(const QuantizedWeight& weight, const WeightUse& use, const FormOptions& options, NodeList& list);
  /// Nodes that make this form's codes from those of the product's form, where one weight is both; empty if they
  /// cannot. Null: they never can.
  std::vector<proto::NodeProto> (*codes_from_product)(const QuantizedWeight& weight);
  /// What is to be said about bytes that the scheme does not explain (repeated scales); empty if nothing.
  std::string (*note)(const QuantizedWeight& weight);
};

const std::vector<const WeightForm*>& weight_forms();

/// For X(name) in the list, a function name_form() that the form's own file defines.
#define X(name) const WeightForm& name##_form();
#include "formats/onnx/quantized/weight_forms.def"
#undef X

}  // namespace kerf::formats::onnx
