#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "description/description.h"
#include "graph/graph.h"

namespace kerf::models {

/// A model ready to run: what it is, and its graph. Graph inputs, all [batch, length] i64, of which only the first must
/// be given (sweep/bind.h): "input_ids", "attention_mask", "position_ids", "token_type_ids", and where a decoder reads
/// a text of its own "decoder_input_ids" and "decoder_attention_mask". Output: "logits" f32, [batch, length,
/// vocabulary] unless model.task says otherwise.
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
