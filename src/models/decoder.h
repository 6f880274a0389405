#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "description/description.h"
#include "models/builder.h"
#include "models/model_graph.h"
#include "models/rope.h"

namespace kerf::models {

/// The order of a fused projection's rows: all queries, then all keys, then all values; or for each head its query,
/// key and value.
enum class FusedOrder { kBlocks, kByHead };

/// Causal self-attention. Either query, key and value, or one fused matrix. Counts of heads and their size are the
/// model's.
struct Attention {
  Linear query{}, key{}, value{};
  Linear fused{};
  FusedOrder fused_order = FusedOrder::kBlocks;
  Norm query_norm{}, key_norm{};  ///< before the rotation, of each head by itself
  bool norm_all_heads = false;    ///< or of all heads as one vector
  bool norm_by_head = false;      ///< or each head by a norm of its own, named NAME.0, NAME.1, ...
  Linear output{};
  std::optional<double> scale{};  ///< of the products; default 1 / sqrt(head_dim)
  double softcap = 0;             ///< c tanh(score / c); 0: none
  std::int64_t window = 0;        ///< keys that a query sees, itself included; 0: all
  bool alibi = false;
  int rope = 0;  ///< which of the model's ropes; -1: none
};

struct Experts;

/// down(activation(gate x) * up x), or down(activation(up x)) where there is no gate; `gate_up` is both in one matrix,
/// the gate's rows first.
struct FeedForward {
  Linear gate{}, up{}, gate_up{}, down{};
  std::int64_t width = 0;                    ///< between up and down; 0: the model's intermediate_size
  std::shared_ptr<const Experts> experts{};  ///< in place of all that
};

/// A mixture of experts: each token's output is the weighted sum of those of the `chosen` experts that the softmax of
/// the router's outputs puts first.
struct Experts {
  std::int64_t count = 0, chosen = 0;
  bool normalized = true;  ///< the weights of the chosen ones sum to 1
  Linear router;
  std::function<FeedForward(int expert)> expert;
};

/// One layer: x += attention(norm x), then x += feed_forward(norm x). Any norm may be absent.
struct DecoderLayer {
  Norm attention_norm{};
  Attention attention{};
  Norm attention_output_norm{};  ///< of what is added to x
  Norm attention_sum_norm{};     ///< of x after the addition
  Norm feed_forward_norm{};
  FeedForward feed_forward{};
  Norm feed_forward_output_norm{};
  Norm feed_forward_sum_norm{};
  /// Both read the same x: x += attention(norm x) + feed_forward(norm x), the feed-forward with its own norm or else
  /// with the attention's.
  bool parallel = false;
  bool residual_of_norm = false;  ///< the sums start from norm x instead of x
};

/// A decoder-only language model, as a description: what a family's file fills in. Names are the checkpoint's, without
/// prefix and without ".weight". A family that needs something new gets a field here, whose default changes nothing.
struct DecoderSpec {
  std::string family;
  description::Hyperparameters hyperparameters;      ///< complete; tied_head says whether the head is the embedding
  std::vector<std::string> prefixes = {""};          ///< of tensor names, tried in this order
  std::string token_embedding;                       ///< [vocab_size, embedding_size, or else hidden_size]
  std::int64_t embedding_size = 0;                   ///< where it is not hidden_size
  Linear embedding_projection{}, head_projection{};  ///< between the two sizes
  double embedding_scale = 1;
  Norm embedding_norm{};
  description::Positions positions{};
  std::string position_embedding;    ///< learned, [max_positions + position_offset, hidden_size]; empty: none
  std::int64_t position_offset = 0;  ///< the row of position 0
  std::vector<Rope> ropes{};         ///< a layer turns queries and keys by one of them
  std::function<DecoderLayer(int layer)> layer;
  double residual_scale = 1;  ///< of what attention and feed-forward add
  Norm final_norm{};
  Linear head{};  ///< [vocab_size, hidden_size]; also where the head is tied, to know the tensor that repeats it
  double logit_scale = 1;
  double logit_softcap = 0;  ///< c tanh(logit / c); 0: none
  std::vector<Ignorable> ignorable{};
};

/// Adds a rope to the description, and says in the hyperparameters what the first one is.
void add_rope(DecoderSpec& spec, Rope rope);

/// The graph of a description, with every tensor of the checkpoint checked and accounted for.
ModelGraph build_decoder(const JsonCursor& config, const graph::SourceMap& tensors, const DecoderSpec& spec);

}  // namespace kerf::models
