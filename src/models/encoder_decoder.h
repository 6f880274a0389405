#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/json.h"
#include "description/description.h"
#include "models/layer_parts.h"
#include "models/model_graph.h"

namespace kerf::models {

/// One layer: x += attention(norm x), then in a decoder x += cross_attention(norm x, encoder's output), then
/// x += mlp(norm x).
struct StackLayer {
  Norm attention_norm{};
  Projections attention{};
  Norm cross_norm{};
  Projections cross{};
  Norm mlp_norm{};
  Mlp mlp{};
};

/// An encoder or a decoder.
struct Stack {
  std::int64_t layers = 0;
  std::function<StackLayer(int layer)> layer{};
  Norm final_norm{};
  RelativeBias relative{};  ///< of every self-attention; direction and ids are filled in
};

/// A model that reads a text with an encoder and writes another with a decoder, as a description: what a family's file
/// fills in. Names are the checkpoint's, without prefix and without ".weight".
struct EncoderDecoderSpec {
  std::string family;
  description::Hyperparameters hyperparameters{};  ///< complete; layers are those of both stacks
  std::vector<std::string> prefixes = {""};        ///< of tensor names, tried in this order
  std::vector<std::string> token_embeddings{};     ///< names of one table; the first that is there is taken
  double attention_scale = 1;                      ///< of products of queries and keys
  Stack encoder{}, decoder{};                      ///< without layers: no decoder, the encoder's output is the model's
  double head_scale = 1;                           ///< of what the head reads
  Linear head{};                                   ///< where hyperparameters.tied_head: the tensor that may repeat it
  std::vector<Ignorable> ignorable{};
};

/// The graph of a description, with every tensor of the checkpoint checked and accounted for. Inputs: input_ids and
/// attention_mask [batch, length], decoder_input_ids and decoder_attention_mask [batch, decoder length], i64. Output
/// "logits" [batch, decoder length, vocab_size], or the encoder's output [batch, length, hidden_size]. Layers of the
/// decoder are counted after those of the encoder.
ModelGraph build_encoder_decoder(const JsonCursor& config, const graph::SourceMap& tensors,
                                 const EncoderDecoderSpec& spec);

}  // namespace kerf::models
