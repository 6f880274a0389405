#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"
#include "tests/support/random_tensor.h"

namespace kerf::test {

/// A small graph, put together by hand. Weights are random, another seed each.
struct GraphSketch {
  graph::Graph graph;
  int layer = -1;  ///< of the nodes to come

  graph::ValueId input(const std::string& name, DType dtype = DType::kF32) { return graph.add_input(name, dtype); }
  graph::ValueId weight(const std::string& name, Shape shape) {
    graph::Weight weight;
    weight.name = name;
    weight.source = graph::make_memory_source(random_normal(std::move(shape), 100 + graph.values().size(), 0.5F), name);
    return graph.add_weight(std::move(weight));
  }
  /// A node of ONNX's domain.
  graph::ValueId node(const std::string& op, const std::string& name, std::vector<graph::ValueId> inputs) {
    return add(std::string(graph::kOnnxDomain), op, name, std::move(inputs));
  }
  /// x [..., in] -> [..., out] by a weight of its own.
  graph::ValueId linear(const std::string& name, graph::ValueId x, std::int64_t out, std::int64_t in) {
    return linear(name, x, weight(name + ".weight", {out, in}));
  }
  graph::ValueId linear(const std::string& name, graph::ValueId x, graph::ValueId weight) {
    return add(std::string(graph::kKerfDomain), "Linear", name, {x, weight});
  }

 private:
  graph::ValueId add(std::string domain, const std::string& op, const std::string& name,
                     std::vector<graph::ValueId> inputs) {
    graph::Node node;
    node.domain = std::move(domain);
    node.op = op;
    node.name = name;
    node.inputs = std::move(inputs);
    node.layer = layer;
    return graph.add_node(std::move(node)).front();
  }
};

}  // namespace kerf::test
