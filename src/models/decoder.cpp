#include "models/decoder.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "models/activation.h"
#include "models/config.h"

namespace kerf::models {
namespace {

using graph::Role;
using graph::ValueId;

constexpr std::int64_t kToF32 = 1;  // TensorProto.DataType.FLOAT

/// Cosines and sines of one rope: [batch, length, rotary_dim / 2].
struct RotaryTables {
  ValueId cosines = graph::kNoValue, sines = graph::kNoValue;
};

class Decoder {
 public:
  Decoder(Builder& builder, const DecoderSpec& spec) : b_(builder), spec_(spec), h_(spec.hyperparameters) {}

  const description::Hyperparameters& hyperparameters() const { return h_; }

  ValueId build() {
    const ValueId ids = b_.graph().add_input("input_ids", DType::kI64);
    positions_ = b_.graph().add_input("position_ids", DType::kI64);
    attention_mask_ = b_.graph().add_input("attention_mask", DType::kI64);
    const std::int64_t width = spec_.embedding_size > 0 ? spec_.embedding_size : h_.hidden_size;
    const ValueId embedding = b_.weight(spec_.token_embedding + ".weight", {h_.vocab_size, width}, Role::kEmbedding);
    ValueId x = embed(embedding, width, ids);
    for (std::size_t i = 0; i < spec_.ropes.size(); ++i) add_rotary_tables(i);
    for (int i = 0; i < h_.layers; ++i) {
      b_.set_layer(i);
      x = layer(spec_.layer(i), x);
    }
    b_.set_layer(-1);
    return head(embedding, width, normed(spec_.final_norm, x));
  }

 private:
  ValueId normed(const Norm& norm, ValueId x) { return norm.exists() ? b_.norm(norm, x, h_.hidden_size) : x; }

  ValueId embed(ValueId embedding, std::int64_t width, ValueId ids) {
    ValueId x = b_.node("Gather", spec_.token_embedding, {embedding, ids}, {{"axis", std::int64_t{0}}});
    x = b_.scaled("embedding.scaled", x, spec_.embedding_scale);
    if (spec_.embedding_projection.exists()) {
      x = b_.linear(spec_.embedding_projection, x, h_.hidden_size, width, Role::kOther);
    }
    if (!spec_.position_embedding.empty()) x = b_.node("Add", "embedding", {x, position_rows()});
    return normed(spec_.embedding_norm, x);
  }

  ValueId position_rows() {
    const ValueId table =
        b_.weight(spec_.position_embedding + ".weight", {h_.max_positions + spec_.position_offset, h_.hidden_size},
                  Role::kPositionEmbedding);
    ValueId rows = positions_;
    if (spec_.position_offset != 0) {
      const std::array<std::int64_t, 1> offset{spec_.position_offset};
      rows = b_.node("Add", "position.rows", {rows, b_.constant("position.offset", std::span(offset))});
    }
    return b_.node("Gather", spec_.position_embedding, {table, rows}, {{"axis", std::int64_t{0}}});
  }

  ValueId head(ValueId embedding, std::int64_t width, ValueId x) {
    if (spec_.head_projection.exists()) {
      x = b_.linear(spec_.head_projection, x, width, h_.hidden_size, Role::kOther);
    }
    ValueId logits;
    if (h_.tied_head) {
      std::vector<ValueId> inputs{x, embedding};
      if (spec_.head.bias) inputs.push_back(b_.weight(spec_.head.name + ".bias", {h_.vocab_size}, Role::kBias));
      logits = b_.kerf_node("Linear", spec_.head.name, std::move(inputs));
    } else {
      logits = b_.linear(spec_.head, x, h_.vocab_size, width, Role::kHead);
    }
    logits = b_.scaled("logits.scaled", logits, spec_.logit_scale);
    if (spec_.logit_softcap <= 0) return logits;
    const ValueId capped = b_.scaled("logits.over_cap", logits, 1 / spec_.logit_softcap);
    return b_.scaled("logits.capped", b_.node("Tanh", "logits.tanh", {capped}), spec_.logit_softcap);
  }

  std::string rotary_label(std::size_t rope, std::string_view what) const {
    return rope == 0 ? fmt::format("rotary.{}", what) : fmt::format("rotary.{}.{}", rope, what);
  }

  /// Inverse frequencies: others where the text is longer than the rope's trained length.
  ValueId frequencies(std::size_t index) {
    const Rope& rope = spec_.ropes[index];
    const auto name = [&](std::string_view what) { return rotary_label(index, what); };
    const ValueId usual = b_.constant(name("inverse_frequencies"), std::span(rope.inverse_frequencies));
    const bool two_sets = !rope.long_inverse_frequencies.empty();
    if (!two_sets && rope.grows_from == 0) return usual;
    const std::array<std::int64_t, 1> last{(two_sets ? rope.long_from : rope.grows_from) - 1};
    const ValueId longest = b_.node("ReduceMax", name("last_position"), {positions_});
    const ValueId beyond =
        b_.node("Greater", name("is_long"), {longest, b_.constant(name("trained"), std::span(last))});
    const ValueId others = two_sets ? b_.constant(name("long_frequencies"), std::span(rope.long_inverse_frequencies))
                                    : grown_frequencies(index, usual, longest);
    return b_.node("Where", name("frequencies"), {beyond, others, usual});
  }

  /// With the base b * r^(dim / (dim - 2)), r growing with the length, frequency i = b^(-2i / dim) becomes
  /// b^(-2i / dim) * r^(-2i / (dim - 2)).
  ValueId grown_frequencies(std::size_t index, ValueId usual, ValueId longest) {
    const Rope& rope = spec_.ropes[index];
    const auto name = [&](std::string_view what) { return rotary_label(index, what); };
    const double slope = rope.growth / static_cast<double>(rope.grows_from);
    const ValueId last = b_.node("Cast", name("last_as_float"), {longest}, {{"to", kToF32}});
    const ValueId grown = b_.scaled(name("stretch"), last, slope);
    // length = last position + 1
    const ValueId ratio = b_.node("Add", name("ratio"),
                                  {grown, b_.constant(name("start"), static_cast<float>(slope - (rope.growth - 1)))});
    std::vector<float> exponents;
    const auto dim = static_cast<double>(rope.rotary_dim());
    for (std::size_t i = 0; i < rope.inverse_frequencies.size(); ++i) {
      exponents.push_back(static_cast<float>(-2.0 * static_cast<double>(i) / (dim - 2)));
    }
    const ValueId slower =
        b_.node("Pow", name("slower"), {ratio, b_.constant(name("exponents"), std::span(exponents))});
    return b_.node("Mul", name("grown_frequencies"), {usual, slower});
  }

  /// Cosines and sines of position * inverse frequency, times the rope's attention factor.
  void add_rotary_tables(std::size_t index) {
    constexpr std::array<std::int64_t, 1> kLast{-1};
    const auto name = [&](std::string_view what) { return rotary_label(index, what); };
    const ValueId as_float = b_.node("Cast", name("positions"), {positions_}, {{"to", kToF32}});
    const ValueId last_axis = b_.constant(name("last_axis"), std::span(kLast));
    const ValueId column = b_.node("Unsqueeze", name("column"), {as_float, last_axis});
    const ValueId angles = b_.node("Mul", name("angles"), {column, frequencies(index)});
    const double factor = static_cast<double>(spec_.ropes[index].attention_factor);
    const ValueId cosines = b_.node("Cos", name("cosines"), {angles}), sines = b_.node("Sin", name("sines"), {angles});
    rotary_.push_back(
        {b_.scaled(name("scaled_cosines"), cosines, factor), b_.scaled(name("scaled_sines"), sines, factor)});
  }

  ValueId layer(const DecoderLayer& layer, ValueId x) {
    const ValueId attention_input = normed(layer.attention_norm, x);
    const ValueId attended =
        added("attention.scaled", layer.attention_output_norm, attention(layer.attention, attention_input));
    if (layer.parallel) {
      const ValueId input = layer.feed_forward_norm.exists() ? normed(layer.feed_forward_norm, x) : attention_input;
      const ValueId changed =
          added("feed_forward.scaled", layer.feed_forward_output_norm, feed_forward(layer.feed_forward, input));
      const ValueId both = b_.node("Add", b_.label("parallel"), {attended, changed});
      return b_.node("Add", b_.label("residual"), {x, both});
    }
    const ValueId start = layer.residual_of_norm ? attention_input : x;
    x = normed(layer.attention_sum_norm, b_.node("Add", b_.label("attention.residual"), {start, attended}));
    const ValueId input = normed(layer.feed_forward_norm, x);
    if (layer.residual_of_norm) x = input;
    const ValueId changed =
        added("feed_forward.scaled", layer.feed_forward_output_norm, feed_forward(layer.feed_forward, input));
    return normed(layer.feed_forward_sum_norm, b_.node("Add", b_.label("feed_forward.residual"), {x, changed}));
  }

  /// What a part of a layer adds to x.
  ValueId added(std::string_view what, const Norm& norm, ValueId part) {
    return b_.scaled(what, normed(norm, part), spec_.residual_scale);
  }

  struct Heads {
    ValueId q, k, v;
  };

  Heads projected(const Attention& attention, ValueId x) {
    const std::int64_t q_width = h_.heads * h_.head_dim, kv_width = h_.kv_heads * h_.head_dim;
    if (!attention.fused.exists()) {
      return {b_.linear(attention.query, x, q_width, h_.hidden_size, Role::kQuery),
              b_.linear(attention.key, x, kv_width, h_.hidden_size, Role::kKey),
              b_.linear(attention.value, x, kv_width, h_.hidden_size, Role::kValue)};
    }
    const ValueId all = b_.linear(attention.fused, x, q_width + 2 * kv_width, h_.hidden_size, Role::kQkv);
    if (attention.fused_order == FusedOrder::kByHead) return split_by_head(all);
    const auto parts = b_.split(b_.label("attention.split"), all, std::array{q_width, kv_width, kv_width});
    return {parts[0], parts[1], parts[2]};
  }

  /// [batch, length, heads, 3, head_dim] -> three times [batch, length, heads * head_dim].
  Heads split_by_head(ValueId all) {
    const ValueId by_head =
        b_.reshape(b_.label("attention.by_head"), all, std::array<std::int64_t, 5>{0, 0, h_.heads, 3, h_.head_dim});
    const auto parts = b_.split(b_.label("attention.split"), by_head, std::array<std::int64_t, 3>{1, 1, 1}, 3);
    const auto joined = [&](std::string_view what, ValueId part) {
      return b_.reshape(b_.label(what), part, std::array<std::int64_t, 3>{0, 0, h_.heads * h_.head_dim});
    };
    return {joined("attention.q", parts[0]), joined("attention.k", parts[1]), joined("attention.v", parts[2])};
  }

  ValueId attention(const Attention& attention, ValueId x) {
    note(attention);
    auto [q, k, v] = projected(attention, x);
    q = head_norm(attention, attention.query_norm, "attention.q", q, h_.heads);
    k = head_norm(attention, attention.key_norm, "attention.k", k, h_.kv_heads);
    if (attention.rope >= 0 && !spec_.ropes.empty()) {
      q = rotated("attention.rotated_q", q, h_.heads, attention.rope);
      k = rotated("attention.rotated_k", k, h_.kv_heads, attention.rope);
    }
    graph::Attributes attributes{{"num_heads", h_.heads}, {"kv_num_heads", h_.kv_heads}, {"causal", std::int64_t{1}}};
    if (attention.scale) attributes.set("scale", *attention.scale);
    if (attention.softcap > 0) attributes.set("softcap", attention.softcap);
    if (attention.window > 0) attributes.set("window", attention.window);
    if (attention.alibi) attributes.set("alibi", std::int64_t{1});
    const ValueId mixed =
        b_.kerf_node("Attention", b_.label("attention"), {q, k, v, attention_mask_}, std::move(attributes));
    return b_.linear(attention.output, mixed, h_.hidden_size, h_.heads * h_.head_dim, Role::kAttentionOutput);
  }

  ValueId head_norm(const Attention& attention, const Norm& norm, std::string_view what, ValueId x,
                    std::int64_t heads) {
    if (!norm.exists()) return x;
    if (attention.norm_all_heads) return b_.norm(norm, x, heads * h_.head_dim);
    if (attention.norm_by_head) return each_head_normed(norm, what, x, heads);
    const ValueId apart =
        b_.reshape(b_.label(fmt::format("{}.heads", what)), x, std::array<std::int64_t, 4>{0, 0, heads, h_.head_dim});
    return b_.reshape(b_.label(fmt::format("{}.normed", what)), b_.norm(norm, apart, h_.head_dim),
                      std::array<std::int64_t, 3>{0, 0, heads * h_.head_dim});
  }

  ValueId each_head_normed(const Norm& norm, std::string_view what, ValueId x, std::int64_t heads) {
    const std::vector<std::int64_t> sizes(static_cast<std::size_t>(heads), h_.head_dim);
    std::vector<ValueId> parts = b_.split(b_.label(fmt::format("{}.by_head", what)), x, sizes);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      Norm own = norm;
      own.name = fmt::format("{}.{}", norm.name, i);
      parts[i] = b_.norm(own, parts[i], h_.head_dim);
    }
    return b_.node("Concat", b_.label(fmt::format("{}.normed", what)), std::move(parts), {{"axis", std::int64_t{-1}}});
  }

  ValueId rotated(std::string_view what, ValueId x, std::int64_t heads, int rope) {
    const auto index = static_cast<std::size_t>(rope);
    return b_.node("RotaryEmbedding", b_.label(what), {x, rotary_[index].cosines, rotary_[index].sines},
                   {{"num_heads", heads}, {"rotary_embedding_dim", spec_.ropes[index].rotary_dim()}});
  }

  ValueId feed_forward(const FeedForward& part, ValueId x) {
    return part.experts ? mixture(*part.experts, x) : single(part, "feed_forward", x);
  }

  /// `where`: a name for its nodes, within the layer.
  ValueId single(const FeedForward& part, const std::string& where, ValueId x) {
    const std::int64_t width = part.width > 0 ? part.width : h_.intermediate_size;
    const auto label = [&](std::string_view what) { return b_.label(fmt::format("{}.{}", where, what)); };
    ValueId inner;
    if (part.gate_up.exists()) {
      const ValueId both = b_.linear(part.gate_up, x, 2 * width, h_.hidden_size, Role::kGateUp);
      const auto halves = b_.split(label("split"), both, std::array{width, width});
      inner = b_.node("Mul", label("gated"),
                      {emit_activation(b_, h_.activation, label("activation"), halves[0]), halves[1]});
    } else if (part.gate.exists()) {
      const ValueId gate = b_.linear(part.gate, x, width, h_.hidden_size, Role::kGate);
      const ValueId up = b_.linear(part.up, x, width, h_.hidden_size, Role::kUp);
      const ValueId opened = emit_activation(b_, h_.activation, label("activation"), gate);
      inner = b_.node("Mul", label("gated"), {opened, up});
    } else {
      const ValueId up = b_.linear(part.up, x, width, h_.hidden_size, Role::kUp);
      inner = emit_activation(b_, h_.activation, label("activation"), up);
    }
    return b_.linear(part.down, inner, h_.hidden_size, width, Role::kDown);
  }

  ValueId mixture(const Experts& experts, ValueId x) {
    const ValueId logits = b_.linear(experts.router, x, experts.count, h_.hidden_size, Role::kRouter);
    const ValueId routing =
        b_.kerf_node("Route", b_.label("experts.routing"), {logits},
                     {{"top_k", experts.chosen}, {"normalize", std::int64_t{experts.normalized ? 1 : 0}}});
    std::vector<ValueId> results{routing};
    for (int e = 0; e < experts.count; ++e) {
      b_.set_expert(e);
      const std::string where = fmt::format("experts.{}", e);
      const ValueId tokens =
          b_.kerf_node("TakeRows", b_.label(where + ".tokens"), {x, routing}, {{"expert", std::int64_t{e}}});
      results.push_back(single(experts.expert(e), where, tokens));
    }
    b_.set_expert(-1);
    return b_.kerf_node("CombineRows", b_.label("experts.sum"), std::move(results));
  }

  /// What the layers say of themselves, for reports.
  void note(const Attention& attention) {
    h_.alibi = h_.alibi || attention.alibi;
    if (attention.window <= 0) return;
    h_.sliding_window = std::max(h_.sliding_window, attention.window);
    ++h_.windowed_layers;
  }

  Builder& b_;
  const DecoderSpec& spec_;
  description::Hyperparameters h_;
  ValueId positions_ = graph::kNoValue, attention_mask_ = graph::kNoValue;
  std::vector<RotaryTables> rotary_;
};

}  // namespace

void add_rope(DecoderSpec& spec, Rope rope) {
  auto& h = spec.hyperparameters;
  if (spec.ropes.empty()) {
    h.rope_theta = rope.theta;
    h.rope_type = rope.type;
    h.rotary_dim = rope.rotary_dim();
  } else {
    h.local_rope_theta = rope.theta;
  }
  spec.ropes.push_back(std::move(rope));
}

ModelGraph build_decoder(const JsonCursor& config, const graph::SourceMap& tensors, const DecoderSpec& spec) {
  Builder builder(tensors, config.file(), spec.prefixes);
  Decoder decoder(builder, spec);
  builder.graph().add_output("logits", decoder.build());

  std::vector<Ignorable> ignorable = spec.ignorable;
  if (spec.hyperparameters.tied_head) {
    ignorable.push_back({"*" + spec.head.name + ".weight", "the head is tied to the token embedding"});
  }
  ModelGraph result;
  result.notes = builder.weights().finish(ignorable, spec.family);
  result.graph = std::move(builder.graph());
  result.model.family = spec.family;
  result.model.positions = spec.positions;
  result.model.hyperparameters = decoder.hyperparameters();
  result.model.config = config.json();
  result.model.head = spec.head.name + ".weight";
  read_token_ids(config, result.model);
  return result;
}

}  // namespace kerf::models
