#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/strings.h"
#include "models/bert.h"
#include "models/config.h"
#include "models/families.h"

namespace kerf::models {
namespace {

using graph::Role;
using graph::ValueId;

/// What MobileBERT's configuration says beyond BERT's (Sun et al. 2020, arXiv:2004.02984).
struct Options {
  bool bottleneck = true;         ///< layers work on a narrowed stream, and widen what they add to it
  bool narrow_attention = false;  ///< queries, keys and values are of the narrowed stream
  std::int64_t width = 0;         ///< of what layers work on
  std::int64_t mlps = 0;          ///< in a layer, one after another
  NormKind norm = NormKind::kAffine;
};

Options read_options(const JsonCursor& config, std::int64_t hidden_size) {
  Options options;
  options.bottleneck = config.bool_or("use_bottleneck", true);
  options.narrow_attention = config.bool_or("use_bottleneck_attention", false);
  options.width = options.bottleneck ? read_size(config, "intra_bottleneck_size", 128) : hidden_size;
  options.mlps = read_size(config, "num_feedforward_networks", 4);
  const std::string norm = config.string_or("normalization_type", "no_norm");
  if (norm != "no_norm" && norm != "layer_norm") {
    config.at("normalization_type")
        .fail(fmt::format("found {}, expected 'no_norm' or 'layer_norm'", kerf::quoted(norm)));
  }
  if (norm == "layer_norm") options.norm = NormKind::kLayer;
  if (options.bottleneck && !options.narrow_attention && !config.bool_or("key_query_shared_bottleneck", true)) {
    config.at("key_query_shared_bottleneck").fail("found false, expected queries and keys of the narrowed stream");
  }
  return options;
}

/// The rows of the next token, of the token and of the one before side by side, zeros beyond the ends.
Hidden trigrams(Builder& b, Hidden x) {
  constexpr std::array<std::int64_t, 1> kPositions{1}, kBegin{0}, kSecond{1}, kLast{-1},
      kEnd{std::numeric_limits<std::int64_t>::max()};
  const ValueId axis = b.constant("trigrams.axis", std::span(kPositions));
  const ValueId begin = b.constant("trigrams.begin", std::span(kBegin));
  const ValueId second = b.constant("trigrams.second", std::span(kSecond));
  const ValueId last = b.constant("trigrams.last", std::span(kLast));
  const ValueId end = b.constant("trigrams.end", std::span(kEnd));
  const ValueId first_row = b.node("Slice", "trigrams.first", {x.value, begin, second, axis});
  const ValueId zeros = b.node("Mul", "trigrams.zeros", {first_row, b.constant("trigrams.zero", 0.0F)});
  const ValueId later = b.node("Slice", "trigrams.later", {x.value, second, end, axis});
  const ValueId earlier = b.node("Slice", "trigrams.earlier", {x.value, begin, last, axis});
  const graph::Attributes along{{"axis", std::int64_t{1}}};
  const ValueId next = b.node("Concat", "trigrams.next", {later, zeros}, along);
  const ValueId before = b.node("Concat", "trigrams.before", {zeros, earlier}, along);
  return {b.node("Concat", "trigrams", {next, x.value, before}, {{"axis", std::int64_t{2}}}), 3 * x.width};
}

/// The layers of one model.
class Layers {
 public:
  Layers(const description::Hyperparameters& h, Options options) : h_(h), o_(options) {}

  Norm norm(std::string name) const {
    return {.name = std::move(name), .kind = o_.norm, .epsilon = h_.norm_epsilon, .bias = true};
  }

  Hidden emit(Builder& b, int layer, Hidden x, ValueId mask) const {
    const auto at = [&](std::string_view part) { return fmt::format("encoder.layer.{}.{}", layer, part); };
    // Two narrowed streams: what queries and keys read, and what the layer adds to.
    Hidden asking = x, narrow = x;
    if (o_.bottleneck) narrow = asking = narrowed(b, at("bottleneck.input"), x);
    if (o_.bottleneck && !o_.narrow_attention) asking = narrowed(b, at("bottleneck.attention"), x);
    const Hidden valued = o_.narrow_attention ? narrow : x;
    const Projections projections = {.query = {at("attention.self.query"), true},
                                     .key = {at("attention.self.key"), true},
                                     .value = {at("attention.self.value"), true},
                                     .output = {at("attention.output.dense"), true}};
    const Mixing mixing{.heads = h_.heads, .head_dim = o_.width / h_.heads, .mask = mask};
    const Hidden attended = emit_attention(b, projections, mixing, asking, asking, valued, o_.width);
    narrow = emit_residual(b, "attention.residual", narrow, attended, norm(at("attention.output.LayerNorm")));
    for (std::int64_t i = 0; i + 1 < o_.mlps; ++i) narrow = feed_forward(b, at(fmt::format("ffn.{}.", i)), narrow);
    narrow = feed_forward(b, at(""), narrow);
    if (!o_.bottleneck) return narrow;
    const ValueId wide = b.linear({at("output.bottleneck.dense"), true}, narrow.value, x.width, o_.width, Role::kUp);
    return emit_residual(b, "residual", x, {wide, x.width}, norm(at("output.bottleneck.LayerNorm")));
  }

 private:
  Hidden narrowed(Builder& b, const std::string& name, Hidden x) const {
    const ValueId dense = b.linear({name + ".dense", true}, x.value, o_.width, x.width, Role::kDown);
    return {b.norm(norm(name + ".LayerNorm"), dense, o_.width), o_.width};
  }

  Hidden feed_forward(Builder& b, const std::string& prefix, Hidden x) const {
    const Mlp mlp = {.up = {prefix + "intermediate.dense", true}, .down = {prefix + "output.dense", true}};
    const Hidden changed = emit_mlp(b, mlp, h_.activation, x, h_.intermediate_size);
    return emit_residual(b, "feed_forward.residual", x, changed, norm(prefix + "output.LayerNorm"));
  }

  description::Hyperparameters h_;
  Options o_;
};

ModelGraph build(const JsonCursor& config, const graph::SourceMap& tensors) {
  EncoderSpec spec = describe_bert(config);
  auto& h = spec.hyperparameters;
  spec.family = "mobilebert";
  spec.prefixes = {"mobilebert.", ""};
  if (!config.has("hidden_act")) h.activation = "relu";
  const Options options = read_options(config, h.hidden_size);
  if (options.width % h.heads != 0) {
    config.fail(fmt::format("found layers of width {} for {} heads, expected a multiple", options.width, h.heads));
  }
  h.head_dim = options.width / h.heads;
  const Layers layers(h, options);
  spec.other_layer = [layers](Builder& b, int layer, Hidden x, ValueId mask) { return layers.emit(b, layer, x, mask); };

  const std::int64_t token_width = read_size(config, "embedding_size", 128), hidden = h.hidden_size;
  if (token_width > hidden) {
    config.fail(fmt::format("found embedding_size {}, expected at most the hidden_size {}", token_width, hidden));
  }
  const bool as_trigrams = config.bool_or("trigram_input", true);
  spec.embedding.token_width = token_width;
  spec.embedding.norm = layers.norm("embeddings.LayerNorm");
  spec.embedding.norm.epsilon = 1e-5;
  if (as_trigrams || token_width != hidden) {
    spec.embedding.widen = [=](Builder& b, Hidden tokens) {
      const Hidden x = as_trigrams ? trigrams(b, tokens) : tokens;
      const Linear dense{"embeddings.embedding_transformation", true};
      return Hidden{b.linear(dense, x.value, hidden, x.width, Role::kOther), hidden};
    };
  } else {
    spec.ignorable.push_back({"*embeddings.embedding_transformation.*", "tokens' rows are as wide as the layers"});
  }
  MaskedLmHead& head = spec.masked_lm;
  head.transform = {"cls.predictions.transform.dense", true};
  head.activation = h.activation;
  head.norm = layer_norm("cls.predictions.transform.LayerNorm", h.norm_epsilon);
  head.width = hidden;
  head.decoder = "cls.predictions.decoder";
  head.bias = "cls.predictions.bias";
  if (token_width < hidden) head.rest = {.name = "cls.predictions.dense", .transposed = true};
  spec.masked_lm_tensors = {"cls.predictions.*"};
  if (options.bottleneck && options.narrow_attention) {
    spec.ignorable.push_back({"*.bottleneck.attention.*", "queries and keys are of the layer's own narrowed stream"});
  }
  if (token_width == hidden) {
    spec.ignorable.push_back({"cls.predictions.dense.weight", "the embedding is as wide as the head reads"});
  }
  if (!config.bool_or("classifier_activation", true)) spec.pooling.dense.name.clear();
  spec.class_pooling = spec.pooling;
  spec.classifier = {"classifier", true};
  spec.classifier_tensors = {"classifier.*"};
  spec.other_heads = {"cls.seq_relationship.*"};
  return build_encoder(config, tensors, spec);
}

}  // namespace

const Family& mobilebert_family() {
  static const Family family{.name = "mobilebert",
                             .summary = "MobileBERT: narrow layers with stacked feed-forwards between bottlenecks",
                             .build = build};
  return family;
}

}  // namespace kerf::models
