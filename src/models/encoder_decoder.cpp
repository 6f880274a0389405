#include "models/encoder_decoder.h"

#include <algorithm>
#include <span>
#include <utility>

#include "models/config.h"

namespace kerf::models {
namespace {

using graph::Role;
using graph::ValueId;

class EncoderDecoder {
 public:
  EncoderDecoder(Builder& builder, const EncoderDecoderSpec& spec)
      : b_(builder), spec_(spec), h_(spec.hyperparameters) {}

  ValueId build() {
    const auto& names = spec_.token_embeddings;
    const auto there = std::find_if(names.begin(), names.end(),
                                    [&](const std::string& name) { return b_.weights().has(name + ".weight"); });
    embedding_name_ = there != names.end() ? *there : names.front();
    embedding_ = b_.weight(embedding_name_ + ".weight", {h_.vocab_size, h_.hidden_size}, Role::kEmbedding);

    encoder_mask_ = kNone;
    const Hidden encoded = stack(spec_.encoder, "");
    if (spec_.decoder.layers == 0) return encoded.value;
    encoded_ = encoded;
    Hidden x = stack(spec_.decoder, "decoder_");
    x.value = scaled(x.value);
    if (h_.tied_head) return b_.kerf_node("Linear", spec_.head.name, {x.value, embedding_});
    return b_.linear(spec_.head, x.value, h_.vocab_size, h_.hidden_size, Role::kHead);
  }

 private:
  static constexpr ValueId kNone = graph::kNoValue;

  Hidden stack(const Stack& stack, const std::string& inputs) {
    const bool decodes = encoded_.value != kNone;
    const ValueId ids = b_.graph().add_input(inputs + "input_ids", DType::kI64);
    const ValueId mask = b_.graph().add_input(inputs + "attention_mask", DType::kI64);
    if (!decodes) encoder_mask_ = mask;
    Mixing mixing{.heads = h_.heads,
                  .head_dim = h_.head_dim,
                  .scale = spec_.attention_scale,
                  .causal = decodes,
                  .mask = mask,
                  .relative = stack.relative};
    mixing.relative.bidirectional = !decodes;
    mixing.relative.ids = ids;
    Hidden x{b_.node("Gather", inputs + "embedding", {embedding_, ids}, {{"axis", std::int64_t{0}}}), h_.hidden_size};
    for (int i = 0; i < stack.layers; ++i) {
      b_.set_layer(next_layer_++);
      x = layer(stack.layer(i), mixing, x);
    }
    b_.set_layer(-1);
    return {b_.norm(stack.final_norm, x.value, x.width), x.width};
  }

  Hidden layer(const StackLayer& layer, const Mixing& mixing, Hidden x) {
    const auto normed = [&](const Norm& norm) { return Hidden{b_.norm(norm, x.value, x.width), x.width}; };
    const Hidden own = normed(layer.attention_norm);
    x = emit_residual(b_, "attention.residual", x, emit_attention(b_, layer.attention, mixing, own, own, own, x.width));
    if (encoded_.value != kNone) {
      const Mixing across{.heads = h_.heads,
                          .head_dim = h_.head_dim,
                          .scale = spec_.attention_scale,
                          .mask = encoder_mask_,
                          .name = "cross_attention"};
      const Hidden attended =
          emit_attention(b_, layer.cross, across, normed(layer.cross_norm), encoded_, encoded_, x.width);
      x = emit_residual(b_, "cross_attention.residual", x, attended);
    }
    const Hidden changed = emit_mlp(b_, layer.mlp, h_.activation, normed(layer.mlp_norm), h_.intermediate_size);
    return emit_residual(b_, "feed_forward.residual", x, changed);
  }

  ValueId scaled(ValueId x) {
    if (spec_.head_scale == 1.0) return x;
    const auto factor = static_cast<float>(spec_.head_scale);
    return b_.node("Mul", "head.scaled", {x, b_.constant("head.scale", std::span(&factor, 1))});
  }

  Builder& b_;
  const EncoderDecoderSpec& spec_;
  const description::Hyperparameters& h_;
  std::string embedding_name_;
  ValueId embedding_ = kNone, encoder_mask_ = kNone;
  Hidden encoded_{};
  int next_layer_ = 0;
};

}  // namespace

ModelGraph build_encoder_decoder(const JsonCursor& config, const graph::SourceMap& tensors,
                                 const EncoderDecoderSpec& spec) {
  Builder builder(tensors, config.file(), spec.prefixes);
  builder.graph().add_output("logits", EncoderDecoder(builder, spec).build());

  const bool decodes = spec.decoder.layers > 0;
  std::vector<Ignorable> ignorable = spec.ignorable;
  for (const std::string& name : spec.token_embeddings) {
    ignorable.push_back({name + ".weight", "repeats the token embedding"});
  }
  if (spec.hyperparameters.tied_head) {
    ignorable.push_back({spec.head.name + ".weight", "the head is tied to the token embedding"});
  }
  ModelGraph result;
  result.notes = builder.weights().finish(ignorable, spec.family);
  result.graph = std::move(builder.graph());
  result.model.family = spec.family;
  result.model.hyperparameters = spec.hyperparameters;
  result.model.config = config.json();
  result.model.causal = false;
  result.model.task = decodes ? description::Task::kSequenceToSequence : description::Task::kFeatures;
  read_token_ids(config, result.model);
  if (decodes) result.model.decoder_start_id = config.int64_or("decoder_start_token_id", result.model.pad_id);
  return result;
}

}  // namespace kerf::models
