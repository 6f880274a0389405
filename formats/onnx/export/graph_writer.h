#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/tensor.h"
#include "formats/onnx/schema.h"
#include "graph/graph.h"

namespace kerf::formats::onnx {

/// Appends nodes and constants to a graph of a file. Values go by name; an empty name is an absent optional input.
class GraphWriter {
 public:
  explicit GraphWriter(proto::ModelProto& model) : model_(model), graph_(*model.mutable_graph()) {}

  /// The module that the nodes to come belong to: begins their names ("model.layers.0.self_attn.q_proj").
  void set_place(std::string place) { place_ = std::move(place); }
  const std::string& place() const { return place_; }

  /// A node with one output; the output's name.
  std::string node(std::string_view op, std::vector<std::string> inputs, const graph::Attributes& attributes = {},
                   std::string_view domain = kDefaultDomain) {
    return nodes(op, std::move(inputs), 1, attributes, domain).front();
  }
  std::vector<std::string> nodes(std::string_view op, std::vector<std::string> inputs, std::size_t outputs,
                                 const graph::Attributes& attributes = {}, std::string_view domain = kDefaultDomain);

  /// Outputs of the last node that nobody wants.
  void drop_outputs(const std::vector<std::string>& outputs);
  /// For a node that comes from elsewhere: unique, in the place.
  std::string next_name(std::string_view op);
  void append(proto::NodeProto node) { *graph_.add_node() = std::move(node); }
  /// Says that operators of a domain are used.
  void use_domain(std::string_view domain, std::int64_t version);

  /// A constant of f32, i64, i32 or bool; equal ones are one.
  std::string constant(const Tensor& values);
  std::string integers(std::vector<std::int64_t> values);
  std::string integer(std::int64_t value);  ///< a scalar
  std::string scalar(float value);

  /// An initializer whose values are streamed when the file is written: `bytes` of them.
  void streamed(const std::string& name, const Shape& shape, std::int32_t data_type, std::uint64_t bytes);
  /// An axis is a number or, if it is none, a symbol's name.
  void input(const std::string& name, std::int32_t data_type, const std::vector<std::string>& axes);
  void output(const std::string& name, std::int32_t data_type, const std::vector<std::string>& axes);
  /// Gives a computed value the name of an output of the graph.
  void rename(const std::string& value, const std::string& name);

 private:
  proto::ModelProto& model_;
  proto::GraphProto& graph_;
  std::string place_;
  std::unordered_map<std::string, int> names_;    ///< how often each was asked for
  std::map<std::string, std::string> constants_;  ///< names by dtype, shape and bytes
};

}  // namespace kerf::formats::onnx
