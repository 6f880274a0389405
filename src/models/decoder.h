#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "description/description.h"
#include "models/builder.h"
#include "models/model_graph.h"
#include "models/rope.h"

namespace kerf::models {

/// Causal self-attention. Either query, key and value, or one fused matrix whose rows are all queries, then all keys,
/// then all values. Counts of heads and their size are the model's.
struct Attention {
  Linear query{}, key{}, value{};
  Linear fused{};
  Linear output{};
  std::optional<double> scale{};  ///< of the products; default 1 / sqrt(head_dim)
};

/// down(activation(gate x) * up x), or down(activation(up x)) where there is no gate.
struct FeedForward {
  Linear gate{}, up{}, down{};
};

/// One layer: x += attention(norm x), then x += feed_forward(norm x).
struct DecoderLayer {
  Norm attention_norm{};
  Attention attention{};
  Norm feed_forward_norm{};
  FeedForward feed_forward{};
};

/// A decoder-only language model, as a description: what a family's file fills in. Names are the checkpoint's, without
/// prefix and without ".weight". A family that needs something new gets a field here, whose default changes nothing.
struct DecoderSpec {
  std::string family;
  description::Hyperparameters hyperparameters;  ///< complete; tied_head says whether the head is the embedding
  std::vector<std::string> prefixes = {""};      ///< of tensor names, tried in this order
  std::string token_embedding;                   ///< [vocab_size, hidden_size]
  std::string position_embedding;                ///< learned, [max_positions, hidden_size]; empty: none
  std::optional<Rope> rope;                      ///< turns queries and keys
  std::function<DecoderLayer(int layer)> layer;
  Norm final_norm;
  Linear head;  ///< [vocab_size, hidden_size]; also where the head is tied, to know the tensor that repeats it
  std::vector<Ignorable> ignorable;
};

/// The graph of a description, with every tensor of the checkpoint checked and accounted for.
ModelGraph build_decoder(const JsonCursor& config, const graph::SourceMap& tensors, const DecoderSpec& spec);

}  // namespace kerf::models
