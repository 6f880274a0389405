#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "description/description.h"
#include "graph/graph.h"

namespace kerf::models {

/// A model ready to run: what it is, and its graph. Graph inputs: "input_ids" [batch, length] i64, "position_ids"
/// [batch, length] i64 (0, 1, 2, ... unless given) and "attention_mask" [batch, length] i64 (all ones unless given).
/// Output: "logits" [batch, length, vocabulary] f32.
struct ModelGraph {
  description::Model model;
  graph::Graph graph;
  std::vector<std::string> notes;  ///< tensors of the checkpoint that were left aside, and why
};

/// One architecture family; src/models/families.def lists them all.
struct Family {
  std::string_view name;  ///< config.json's model_type
  std::string_view summary;
  ModelGraph (*build)(const JsonCursor& config, const graph::SourceMap& tensors);
};

const std::vector<const Family*>& families();

/// Builds the graph of the family that config's model_type names (or `family`, if not empty). Every tensor is checked
/// for presence and shape, and none may be left over unless the family lists it as ignorable: Error(kInput) names it.
ModelGraph build_model(const JsonCursor& config, const graph::SourceMap& tensors, std::string_view family = "");

}  // namespace kerf::models
