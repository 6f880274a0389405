#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "codec/fake_quantizer.h"
#include "graph/graph.h"

namespace kerf::sweep {

/// A rounding of what a node reads, just before it reads it; what other nodes read of the same value stays.
struct InputRounding {
  std::size_t input = 0;  ///< index among the node's inputs
  std::int64_t parts =
      1;  ///< into which the last axis is cut: each is a row for the quantizer (a head of an attention)
  std::shared_ptr<const codec::FakeQuantizer> quantizer;

  bool operator==(const InputRounding&) const = default;
};

/// By node.
using InputRoundings = std::map<graph::NodeId, std::vector<InputRounding>>;

/// What a candidate changes in the reference graph: weights by id, each replaced by another source of the same shape
/// (quantized codes, a folded norm, values rounded to f16), and roundings of what nodes read (activations of linear
/// nodes, keys and values of attention). The graph itself is never copied.
class Overlay {
 public:
  void set(graph::ValueId value, graph::SourcePtr source) { sources_[value] = std::move(source); }
  void erase(graph::ValueId value) { sources_.erase(value); }
  /// nullptr if the reference's source stands.
  const graph::SourcePtr* find(graph::ValueId value) const {
    const auto found = sources_.find(value);
    return found == sources_.end() ? nullptr : &found->second;
  }
  /// The source that holds under this overlay.
  const graph::SourcePtr& source(const graph::Graph& graph, graph::ValueId value) const {
    const auto* replaced = find(value);
    return replaced != nullptr ? *replaced : graph.value(value).weight.source;
  }
  const std::map<graph::ValueId, graph::SourcePtr>& entries() const { return sources_; }

  /// In place of an earlier rounding of the same input.
  void set_rounding(graph::NodeId node, InputRounding rounding);
  void erase_roundings(graph::NodeId node) { roundings_.erase(node); }
  const InputRoundings& roundings() const { return roundings_; }
  /// The quantizer of a node's input; nullptr if it is read as it is.
  std::shared_ptr<const codec::FakeQuantizer> rounding_of(graph::NodeId node, std::size_t input) const;

  /// Products with weight matrices sum their terms in the opposite order: the same function but for f32's rounding.
  void reverse_sums() { reverses_sums_ = true; }
  bool reverses_sums() const { return reverses_sums_; }

 private:
  std::map<graph::ValueId, graph::SourcePtr> sources_;
  InputRoundings roundings_;
  bool reverses_sums_ = false;
};

/// A copy of `values`, rounded.
Tensor rounded(const Tensor& values, const InputRounding& rounding);

}  // namespace kerf::sweep
