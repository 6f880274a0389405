#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace kerf::emit {

/// A model's weights by name, whatever prefix the names have: containers do not agree on "model." and "transformer.".
class WeightNames {
 public:
  explicit WeightNames(const graph::Graph& graph);
  explicit WeightNames(const graph::SourceMap& tensors);

  /// The weight of that name; or one that has the name behind a prefix; or one whose name the given one has behind a
  /// prefix. Null if there is none.
  graph::SourcePtr find(const std::string& name) const;
  /// Those that were never found, sorted.
  std::vector<std::string> left_over() const;

 private:
  void add(const std::string& name, graph::SourcePtr source);
  const std::string* name_of(const std::string& name) const;

  graph::SourceMap whole_;
  std::map<std::string, std::string, std::less<>> behind_prefix_;  ///< what follows a prefix -> the whole name
  mutable std::map<std::string, bool, std::less<>> found_;
};

}  // namespace kerf::emit
