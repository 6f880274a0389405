#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "graph/graph.h"
#include "models/weight_table.h"

namespace kerf::models {

/// A matrix with its bias, under the name that the checkpoint gives it: tensors `name`.weight [out, in] and `name`.bias
/// [out].
struct Linear {
  std::string name;
  bool bias = false;
  bool transposed = false;  ///< stored as [in, out]
  bool exists() const { return !name.empty(); }
};

/// kRmsPlusOne: the scale is 1 + weight (Gemma). kAffine: x * weight + bias, nothing is normalized.
enum class NormKind { kRms, kRmsPlusOne, kLayer, kAffine };

/// A norm over the last axis, with tensors `name`.weight and `name`.bias.
struct Norm {
  std::string name{};
  NormKind kind = NormKind::kRms;
  double epsilon = 0;
  bool bias = false;
  bool scale = true;  ///< has a weight; without one it only normalizes
  bool exists() const { return !name.empty(); }
};

/// Puts a graph together: takes weights from a checkpoint with the shapes that the configuration asks for, and emits
/// the nodes that models are made of. Nodes and weights carry the layer that is being built.
class Builder {
 public:
  Builder(const graph::SourceMap& tensors, std::string config_file, std::vector<std::string> prefixes)
      : weights_(tensors, std::move(config_file), std::move(prefixes)) {}

  graph::Graph& graph() { return graph_; }
  WeightTable& weights() { return weights_; }
  /// -1: outside the layers.
  void set_layer(int layer) { layer_ = layer; }
  /// The expert whose weights are built; -1: none.
  void set_expert(int expert) { expert_ = expert; }
  /// "layers.3.`what`" inside a layer, `what` outside: a name for a node.
  std::string label(std::string_view what) const;

  /// The value of a checkpoint's tensor; asked for twice, it is the same value, with the role it was first given.
  /// `transposed`: the tensor is stored as the transpose of `shape`.
  graph::ValueId weight(const std::string& name, const Shape& shape, graph::Role role, bool transposed = false);
  graph::ValueId constant(std::string name, std::span<const std::int64_t> values);
  graph::ValueId constant(std::string name, std::span<const float> values);
  graph::ValueId constant(std::string name, float value) { return constant(std::move(name), std::span(&value, 1)); }

  /// A node of ONNX's default domain with one output. A name that was used before (a weight that several layers share)
  /// gets a number.
  graph::ValueId node(std::string op, std::string name, std::vector<graph::ValueId> inputs,
                      graph::Attributes attributes = {});
  /// A node of the domain kerf with one output.
  graph::ValueId kerf_node(std::string op, std::string name, std::vector<graph::ValueId> inputs,
                           graph::Attributes attributes = {});
  /// x [..., in] -> [..., out].
  graph::ValueId linear(const Linear& linear, graph::ValueId x, std::int64_t out, std::int64_t in, graph::Role role);
  graph::ValueId norm(const Norm& norm, graph::ValueId x, std::int64_t width);
  /// Parts of the last axis, of the given sizes.
  std::vector<graph::ValueId> split(std::string name, graph::ValueId x, std::span<const std::int64_t> sizes) {
    return split(std::move(name), x, sizes, -1);
  }
  std::vector<graph::ValueId> split(std::string name, graph::ValueId x, std::span<const std::int64_t> sizes,
                                    std::int64_t axis);
  /// ONNX's Reshape: 0 keeps a dimension, -1 takes what is left.
  graph::ValueId reshape(std::string name, graph::ValueId x, std::span<const std::int64_t> shape);
  /// x * factor; x itself if that is 1.
  graph::ValueId scaled(std::string_view what, graph::ValueId x, double factor);

 private:
  graph::ValueId emit(std::string_view domain, std::string op, std::string name, std::vector<graph::ValueId> inputs,
                      graph::Attributes attributes);

  graph::Graph graph_;
  WeightTable weights_;
  int layer_ = -1, expert_ = -1;
  std::map<std::string, graph::ValueId> values_;  ///< weights by full name
  std::map<std::string, int> node_names_;         ///< how often each was asked for
};

}  // namespace kerf::models
