#pragma once

#include <map>

#include "graph/graph.h"

namespace kerf::sweep {

/// What a candidate replaces in the reference graph: weights by id, each by another source of the same shape (quantized
/// codes, a folded norm, values rounded to f16). The graph itself is never copied.
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

 private:
  std::map<graph::ValueId, graph::SourcePtr> sources_;
};

}  // namespace kerf::sweep
