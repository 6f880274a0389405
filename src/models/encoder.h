#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "description/description.h"
#include "models/layer_parts.h"
#include "models/model_graph.h"

namespace kerf::models {

/// The sum of what token, position and segment are looked up as, normalized. Names are those of tables, without
/// ".weight"; an empty one is not there.
struct EncoderEmbedding {
  std::string token{}, position{}, type{};
  std::int64_t token_width = 0;  ///< 0: hidden_size
  Norm norm{};
  Linear projection{};  ///< to hidden_size, after the norm
  /// Nodes between the tokens' rows and the sum, which is of size hidden_size then.
  std::function<Hidden(Builder& builder, Hidden tokens)> widen{};
};

/// x = norm(x + attention(x)), then x = norm(x + mlp(x)).
struct EncoderLayer {
  Projections attention{};
  Norm attention_norm{};
  Mlp mlp{};
  Norm mlp_norm{};
};

/// decoder(norm(activation(transform x))), the decoder being the token embedding unless the configuration unties it.
struct MaskedLmHead {
  Linear transform{};
  std::string activation{};
  Norm norm{};
  std::int64_t width = 0;  ///< of the transform's output; 0: the token embedding's
  std::string decoder{};   ///< [vocab_size, width]; also where it is tied, to know the tensors that repeat it
  std::string bias{};      ///< the tensor's full name, where it is not the decoder's
  Linear rest{};           ///< of the decoder, where the tied embedding has fewer than `width` columns
};

/// activation(dense(x of the first token)): the vector of the whole text.
struct Pooling {
  Linear dense{};  ///< may be absent: the first token's vector itself
  std::string activation = "tanh";
};

/// An encoder that reads a text in both directions, as a description: what a family's file fills in. Names are the
/// checkpoint's, without prefix and without ".weight". A family that needs something new gets a field here, whose
/// default changes nothing.
struct EncoderSpec {
  std::string family;
  description::Hyperparameters hyperparameters{};  ///< complete; tied_head says whether the decoder is the embedding
  description::Positions positions{};
  std::vector<std::string> prefixes = {""};  ///< of tensor names, tried in this order
  EncoderEmbedding embedding{};
  std::function<EncoderLayer(int layer)> layer{};
  /// In place of `layer`, where one is built otherwise.
  std::function<Hidden(Builder& builder, int layer, Hidden x, graph::ValueId mask)> other_layer{};
  MaskedLmHead masked_lm{};
  Pooling pooling{};        ///< beside the features; left out where the checkpoint has none
  Pooling class_pooling{};  ///< what the classifier reads
  Linear classifier{};
  /// Tensors of heads, as patterns of full names: those of the heads that the architecture does not have are ignored.
  std::vector<std::string> masked_lm_tensors{}, classifier_tensors{}, pooling_tensors{}, other_heads{};
  std::vector<Ignorable> ignorable{};
};

/// The keys that BERT and its relatives share. Error(kInput) for what is not an encoder as described here: a decoder,
/// cross-attention, positions that are not absolute.
description::Hyperparameters read_encoder_sizes(const JsonCursor& config);
/// What `architectures` says that the model computes; nullopt if the configuration does not have it. Error(kInput)
/// naming an architecture with a head that kerf does not know.
std::optional<description::Task> read_encoder_task(const JsonCursor& config);
/// Names of classes from id2label: of two classes if there is none.
std::vector<std::string> read_labels(const JsonCursor& config);

/// The graph of a description, with every tensor of the checkpoint checked and accounted for. Inputs: input_ids,
/// token_type_ids (where there are types), position_ids and attention_mask, each [batch, length] i64. Output "logits":
/// [batch, length, vocab_size] of a masked language model, [batch, classes] of a classifier; of a bare encoder the last
/// hidden state [batch, length, hidden_size], with "pooler_output" [batch, hidden_size] if the checkpoint has a pooler.
ModelGraph build_encoder(const JsonCursor& config, const graph::SourceMap& tensors, const EncoderSpec& spec);

/// A norm's tensors under the names of today: LayerNorm.gamma and .beta are weight and bias. Adds a sentence to `notes`
/// if there are any.
graph::SourceMap with_todays_norms(const graph::SourceMap& tensors, std::vector<std::string>& notes);

}  // namespace kerf::models
