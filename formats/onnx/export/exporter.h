#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codec/activation.h"
#include "codec/scheme.h"
#include "description/description.h"
#include "formats/onnx/export/graph_writer.h"
#include "formats/onnx/export/held_codes.h"
#include "formats/onnx/quantized/kinds.h"
#include "formats/onnx/schema.h"
#include "graph/graph.h"
#include "ops/op.h"

namespace kerf::formats::onnx {

/// A weight in the file: an initializer under the checkpoint's name.
struct ExportedWeight {
  std::string name;
  DType dtype = DType::kF32;                             ///< f32, f16 or bf16
  bool transposed = false;                               ///< stored as [in, out], as the checkpoint does
  std::optional<codec::Scheme> scheme{};                 ///< of its codes, if it has any
  std::optional<codec::ActivationScheme> activations{};  ///< of what it multiplies
};

/// kStandard: operators of ONNX alone, the whole text at once. kFused: ONNX Runtime's own, and a past of keys and
/// values.
enum class ExportStyle { kStandard, kFused };

/// What is exported.
struct ExportModel {
  const graph::Graph* graph = nullptr;
  const description::Model* description = nullptr;
  std::map<graph::ValueId, ExportedWeight> weights;  ///< of all weights of the graph
  const QuantizedKind* kind = nullptr;               ///< how codes are held; may be null if there are none
  FormOptions form{};
  ExportStyle style = ExportStyle::kStandard;
};

/// Writes the nodes of a graph as operators that every runtime has: what rules (formats/onnx/export/rule.h) work with.
class Exporter {
 public:
  Exporter(const ExportModel& model, proto::ModelProto& to);

  /// Everything: inputs, nodes, outputs. Error(kUsage) naming the node that no rule can write.
  void run();

  GraphWriter& writer() { return writer_; }
  const graph::Graph& graph() const { return *model_.graph; }
  /// dtype and shape of a value for some batch, and lengths that differ between encoder and decoder.
  const ops::TensorSpec& spec(graph::ValueId value) const { return specs_[static_cast<std::size_t>(value)]; }

  /// A value by its name, weights as f32; empty for kNoValue and for masks that let everything through.
  std::string value(graph::ValueId value);
  /// A weight as it is stored.
  std::string stored(graph::ValueId weight);
  const ExportedWeight& weight(graph::ValueId weight) const { return model_.weights.at(weight); }
  bool is_weight(graph::ValueId value) const { return model_.weights.contains(value); }
  /// To f32, if a weight's values are stored as something else.
  std::string widened(graph::ValueId weight, std::string value);
  /// What several nodes need, made once.
  std::string shared(const std::string& key, const std::function<std::string()>& make);

  /// The name of a value that was made already; empty if it was not.
  std::string known(graph::ValueId value) const;
  void name(graph::ValueId value, std::string name) { names_[value] = std::move(name); }
  std::int64_t context_length() const { return model_.description->hyperparameters.context_length; }

  /// Inputs and outputs of one attention's keys and values, [batch, heads, length, dim].
  struct Past {
    std::string key, value, present_key, present_value;
  };
  Past add_past(std::int64_t heads, std::int64_t dim);

  bool has_codes(graph::ValueId value) const { return is_weight(value) && weight(value).scheme.has_value(); }
  const QuantizedKind& kind() const { return *model_.kind; }
  const FormOptions& form_options() const { return model_.form; }
  /// Adds the initializers of a weight's codes, unless they are there.
  void hold(HeldCodes codes, const std::vector<PlannedTensor>& initializers);
  const std::vector<HeldCodes>& held() const { return held_; }
  /// Nodes that forms of codes add; flush_nodes() moves them into the graph.
  NodeList& node_list() { return node_list_; }
  void flush_nodes();

  /// Extent of an axis of a value, as a vector of one integer and as a scalar.
  std::string extent(const std::string& value, std::int64_t axis);
  std::string scalar_extent(const std::string& value, std::int64_t axis);
  /// 0, 1, 2, ... up to the extent of an axis: a vector.
  std::string count_along(const std::string& value, std::int64_t axis);

 private:
  void add_inputs();
  void add_input(const std::string& name);
  std::string positions(const std::string& ids);
  bool is_fused() const { return model_.style == ExportStyle::kFused; }
  std::vector<std::string> written(const graph::Node& node);
  void add_node(const graph::Node& node);
  void add_outputs();

  const ExportModel& model_;
  GraphWriter writer_;
  std::vector<ops::TensorSpec> specs_;
  std::map<graph::ValueId, std::string> names_;
  std::map<std::string, std::string> shared_;
  std::vector<HeldCodes> held_;
  std::set<std::string> held_names_;
  NodeList node_list_;
  int pasts_ = 0;
};

}  // namespace kerf::formats::onnx
