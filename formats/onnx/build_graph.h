#pragma once

#include <map>
#include <string>

#include "formats/onnx/draft.h"
#include "formats/onnx/origin.h"
#include "graph/graph.h"

namespace kerf::formats::onnx {

struct BuiltGraph {
  graph::Graph graph;
  Origins origins;
  /// Of the input of Linear nodes, by the name of their weight.
  std::map<std::string, InputRounding> roundings;
  int layers = 0;          ///< one more than the last layer's number
  int decoder_layers = 0;  ///< of an encoder with a decoder: how many of them are the decoder's
};

/// The graph of a draft, its constants as weights where they multiply, scale or shift what depends on other weights, or
/// are looked up in, and as constants of the graph elsewhere (masks, frequencies, shape parameters). A constant that is
/// used twice, transposed or not, is one weight. Weights and nodes get roles and layers from the modules that they
/// belong to. The output is called "logits". Error(kInput) naming `file` and the node whose operator kerf does not
/// have.
BuiltGraph build_graph(const Draft& draft, const std::string& file);

}  // namespace kerf::formats::onnx
