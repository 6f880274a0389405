#include "models/decoder.h"

#include <array>
#include <utility>

#include "models/activation.h"
#include "models/config.h"

namespace kerf::models {
namespace {

using graph::Role;
using graph::ValueId;

/// What all layers read besides the hidden state.
struct Shared {
  ValueId attention_mask = graph::kNoValue;
  ValueId cosines = graph::kNoValue, sines = graph::kNoValue;  ///< [batch, length, rotary_dim / 2]
};

class Decoder {
 public:
  Decoder(Builder& builder, const DecoderSpec& spec) : b_(builder), spec_(spec), h_(spec.hyperparameters) {}

  ValueId build() {
    const ValueId ids = b_.graph().add_input("input_ids", DType::kI64);
    const ValueId positions = b_.graph().add_input("position_ids", DType::kI64);
    shared_.attention_mask = b_.graph().add_input("attention_mask", DType::kI64);
    const ValueId embedding =
        b_.weight(spec_.token_embedding + ".weight", {h_.vocab_size, h_.hidden_size}, Role::kEmbedding);
    ValueId x = embed(embedding, ids, positions);
    if (spec_.rope) add_rotary_tables(*spec_.rope, positions);
    for (int i = 0; i < h_.layers; ++i) {
      b_.set_layer(i);
      x = layer(spec_.layer(i), x);
    }
    b_.set_layer(-1);
    x = b_.norm(spec_.final_norm, x, h_.hidden_size);
    if (h_.tied_head) return b_.kerf_node("Linear", spec_.head.name, {x, embedding});
    return b_.linear(spec_.head, x, h_.vocab_size, h_.hidden_size, Role::kHead);
  }

 private:
  ValueId embed(ValueId embedding, ValueId ids, ValueId positions) {
    const ValueId tokens = b_.node("Gather", spec_.token_embedding, {embedding, ids}, {{"axis", std::int64_t{0}}});
    if (spec_.position_embedding.empty()) return tokens;
    const ValueId table =
        b_.weight(spec_.position_embedding + ".weight", {h_.max_positions, h_.hidden_size}, Role::kPositionEmbedding);
    const ValueId places = b_.node("Gather", spec_.position_embedding, {table, positions}, {{"axis", std::int64_t{0}}});
    return b_.node("Add", "embedding", {tokens, places});
  }

  /// Cosines and sines of position * inverse frequency, times the rope's attention factor.
  void add_rotary_tables(const Rope& rope, ValueId positions) {
    constexpr std::array<std::int64_t, 1> kLast{-1};
    constexpr std::int64_t kToF32 = 1;  // TensorProto.DataType.FLOAT
    const ValueId frequencies = b_.constant("rotary.inverse_frequencies", std::span(rope.inverse_frequencies));
    const ValueId as_float = b_.node("Cast", "rotary.positions", {positions}, {{"to", kToF32}});
    const ValueId last_axis = b_.constant("rotary.last_axis", std::span(kLast));
    const ValueId column = b_.node("Unsqueeze", "rotary.column", {as_float, last_axis});
    const ValueId angles = b_.node("Mul", "rotary.angles", {column, frequencies});
    shared_.cosines = b_.node("Cos", "rotary.cosines", {angles});
    shared_.sines = b_.node("Sin", "rotary.sines", {angles});
    if (rope.attention_factor == 1.0F) return;
    const ValueId factor = b_.constant("rotary.attention_factor", std::span(&rope.attention_factor, 1));
    shared_.cosines = b_.node("Mul", "rotary.scaled_cosines", {shared_.cosines, factor});
    shared_.sines = b_.node("Mul", "rotary.scaled_sines", {shared_.sines, factor});
  }

  ValueId layer(const DecoderLayer& layer, ValueId x) {
    const ValueId attended = attention(layer.attention, b_.norm(layer.attention_norm, x, h_.hidden_size));
    x = b_.node("Add", b_.label("attention.residual"), {x, attended});
    const ValueId changed = feed_forward(layer.feed_forward, b_.norm(layer.feed_forward_norm, x, h_.hidden_size));
    return b_.node("Add", b_.label("feed_forward.residual"), {x, changed});
  }

  ValueId attention(const Attention& attention, ValueId x) {
    const std::int64_t q_width = h_.heads * h_.head_dim, kv_width = h_.kv_heads * h_.head_dim;
    ValueId q, k, v;
    if (attention.fused.exists()) {
      const std::array sizes{q_width, kv_width, kv_width};
      const ValueId all = b_.linear(attention.fused, x, q_width + 2 * kv_width, h_.hidden_size, Role::kQkv);
      const auto parts = b_.split(b_.label("attention.split"), all, sizes);
      q = parts[0], k = parts[1], v = parts[2];
    } else {
      q = b_.linear(attention.query, x, q_width, h_.hidden_size, Role::kQuery);
      k = b_.linear(attention.key, x, kv_width, h_.hidden_size, Role::kKey);
      v = b_.linear(attention.value, x, kv_width, h_.hidden_size, Role::kValue);
    }
    if (spec_.rope) {
      q = rotated("attention.rotated_q", q, h_.heads);
      k = rotated("attention.rotated_k", k, h_.kv_heads);
    }
    graph::Attributes attributes{{"num_heads", h_.heads}, {"kv_num_heads", h_.kv_heads}, {"causal", std::int64_t{1}}};
    if (attention.scale) attributes.set("scale", *attention.scale);
    const ValueId mixed =
        b_.kerf_node("Attention", b_.label("attention"), {q, k, v, shared_.attention_mask}, std::move(attributes));
    return b_.linear(attention.output, mixed, h_.hidden_size, q_width, Role::kAttentionOutput);
  }

  ValueId rotated(std::string_view what, ValueId x, std::int64_t heads) {
    return b_.node("RotaryEmbedding", b_.label(what), {x, shared_.cosines, shared_.sines},
                   {{"num_heads", heads}, {"rotary_embedding_dim", spec_.rope->rotary_dim()}});
  }

  ValueId feed_forward(const FeedForward& feed_forward, ValueId x) {
    const std::string name = b_.label("feed_forward.activation");
    if (!feed_forward.gate.exists()) {
      const ValueId up = b_.linear(feed_forward.up, x, h_.intermediate_size, h_.hidden_size, Role::kUp);
      return down(feed_forward, emit_activation(b_, h_.activation, name, up));
    }
    const ValueId gate = b_.linear(feed_forward.gate, x, h_.intermediate_size, h_.hidden_size, Role::kGate);
    const ValueId up = b_.linear(feed_forward.up, x, h_.intermediate_size, h_.hidden_size, Role::kUp);
    const ValueId opened = emit_activation(b_, h_.activation, name, gate);
    return down(feed_forward, b_.node("Mul", b_.label("feed_forward.gated"), {opened, up}));
  }

  ValueId down(const FeedForward& feed_forward, ValueId x) {
    return b_.linear(feed_forward.down, x, h_.hidden_size, h_.intermediate_size, Role::kDown);
  }

  Builder& b_;
  const DecoderSpec& spec_;
  const description::Hyperparameters& h_;
  Shared shared_;
};

}  // namespace

ModelGraph build_decoder(const JsonCursor& config, const graph::SourceMap& tensors, const DecoderSpec& spec) {
  Builder builder(tensors, config.file(), spec.prefixes);
  const ValueId logits = Decoder(builder, spec).build();
  builder.graph().add_output("logits", logits);

  std::vector<Ignorable> ignorable = spec.ignorable;
  if (spec.hyperparameters.tied_head) {
    ignorable.push_back({"*" + spec.head.name + ".weight", "the head is tied to the token embedding"});
  }
  ModelGraph result;
  result.notes = builder.weights().finish(ignorable, spec.family);
  result.graph = std::move(builder.graph());
  result.model.family = spec.family;
  result.model.hyperparameters = spec.hyperparameters;
  result.model.config = config.json();
  read_token_ids(config, result.model);
  return result;
}

}  // namespace kerf::models
