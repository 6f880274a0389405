#include "models/encoder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "core/strings.h"
#include "models/activation.h"
#include "models/config.h"

namespace kerf::models {
namespace {

using description::Task;
using graph::Role;
using graph::ValueId;

class Encoder {
 public:
  Encoder(Builder& builder, const EncoderSpec& spec, std::size_t classes)
      : b_(builder), spec_(spec), h_(spec.hyperparameters), classes_(static_cast<std::int64_t>(classes)) {}

  void build(Task task) {
    const Hidden embedded = embed();
    const ValueId mask = b_.graph().add_input("attention_mask", DType::kI64);
    Hidden x = embedded;
    for (int i = 0; i < h_.layers; ++i) {
      b_.set_layer(i);
      x = spec_.other_layer ? spec_.other_layer(b_, i, x, mask) : layer(spec_.layer(i), x, mask);
    }
    b_.set_layer(-1);
    if (task == Task::kMaskedLm) {
      b_.graph().add_output("logits", masked_lm(spec_.masked_lm, x));
    } else if (task == Task::kClassification) {
      const Hidden pooled = pool(spec_.class_pooling, x);
      b_.graph().add_output("logits", b_.linear(spec_.classifier, pooled.value, classes_, pooled.width, Role::kHead));
    } else {
      b_.graph().add_output("logits", x.value);
      if (has_weight(spec_.pooling.dense)) b_.graph().add_output("pooler_output", pool(spec_.pooling, x).value);
    }
  }

 private:
  bool has_weight(const Linear& linear) { return linear.exists() && b_.weights().has(linear.name + ".weight"); }

  ValueId look_up(const std::string& name, std::string_view input, std::int64_t rows, std::int64_t width, Role role) {
    const ValueId table = b_.weight(name + ".weight", {rows, width}, role);
    const ValueId ids = b_.graph().add_input(std::string(input), DType::kI64);
    if (role == Role::kEmbedding) embedding_ = table;
    return b_.node("Gather", name, {table, ids}, {{"axis", std::int64_t{0}}});
  }

  Hidden embed() {
    const EncoderEmbedding& e = spec_.embedding;
    Hidden x{graph::kNoValue, token_width()};
    x.value = look_up(e.token, "input_ids", h_.vocab_size, x.width, Role::kEmbedding);
    if (e.widen) x = e.widen(b_, x);
    const auto add = [&](const std::string& name, std::string_view input, std::int64_t rows, Role role) {
      if (name.empty()) return;
      x.value = b_.node("Add", name + ".sum", {x.value, look_up(name, input, rows, x.width, role)});
    };
    add(e.type, "token_type_ids", h_.type_vocab_size, Role::kTypeEmbedding);
    add(e.position, "position_ids", h_.max_positions + spec_.positions.first, Role::kPositionEmbedding);
    x.value = b_.norm(e.norm, x.value, x.width);
    if (!e.projection.exists()) return x;
    return {b_.linear(e.projection, x.value, h_.hidden_size, x.width, Role::kOther), h_.hidden_size};
  }

  Hidden layer(const EncoderLayer& layer, Hidden x, ValueId mask) {
    const Mixing mixing{.heads = h_.heads, .head_dim = h_.head_dim, .mask = mask};
    const Hidden attended = emit_attention(b_, layer.attention, mixing, x, x, x, x.width);
    x = emit_residual(b_, "attention.residual", x, attended, layer.attention_norm);
    const Hidden changed = emit_mlp(b_, layer.mlp, h_.activation, x, h_.intermediate_size);
    return emit_residual(b_, "feed_forward.residual", x, changed, layer.mlp_norm);
  }

  /// Of the first token, [batch, width].
  Hidden pool(const Pooling& pooling, Hidden x) {
    constexpr std::array<std::int64_t, 1> kFirst{0};
    const ValueId zero = b_.graph().add_constant("pooling.place", Tensor::from<std::int64_t>({}, std::span(kFirst)));
    const ValueId first = b_.node("Gather", "pooling.first", {x.value, zero}, {{"axis", std::int64_t{1}}});
    if (!pooling.dense.exists()) return {first, x.width};
    const ValueId dense = b_.linear(pooling.dense, first, x.width, x.width, Role::kOther);
    return {emit_activation(b_, pooling.activation, "pooling.activation", dense), x.width};
  }

  ValueId masked_lm(const MaskedLmHead& head, Hidden x) {
    const std::int64_t width = head.width > 0 ? head.width : token_width();
    const ValueId dense = b_.linear(head.transform, x.value, width, x.width, Role::kOther);
    const ValueId active = emit_activation(b_, head.activation, head.transform.name + ".activation", dense);
    const ValueId ready = b_.norm(head.norm, active, width);
    if (!head.rest.exists()) return decode(head, {ready, width});
    const std::array sizes{token_width(), width - token_width()};
    const auto parts = b_.split(head.decoder + ".split", ready, sizes);
    const ValueId logits = decode(head, {parts[0], sizes[0]});
    const ValueId others = b_.linear(head.rest, parts[1], h_.vocab_size, sizes[1], Role::kHead);
    return b_.node("Add", head.decoder + ".sum", {logits, others});
  }

  ValueId decode(const MaskedLmHead& head, Hidden x) {
    const ValueId decoder =
        h_.tied_head ? embedding_ : b_.weight(head.decoder + ".weight", {h_.vocab_size, x.width}, Role::kHead);
    // A tied decoder has the head's bias; one of its own has its own. Checkpoints hold either, or both.
    std::string name = head.decoder + ".bias", other = head.bias.empty() ? name : head.bias;
    if (h_.tied_head) std::swap(name, other);
    if (!b_.weights().has(name) && b_.weights().has(other)) name = other;
    return b_.kerf_node("Linear", head.decoder, {x.value, decoder, b_.weight(name, {h_.vocab_size}, Role::kBias)});
  }

  std::int64_t token_width() const {
    return spec_.embedding.token_width > 0 ? spec_.embedding.token_width : h_.hidden_size;
  }

  Builder& b_;
  const EncoderSpec& spec_;
  const description::Hyperparameters& h_;
  std::int64_t classes_;
  ValueId embedding_ = graph::kNoValue;
};

/// Where the configuration does not say it.
Task task_by_tensors(const WeightTable& weights, const EncoderSpec& spec, std::vector<std::string>& notes) {
  const auto has = [&](const Linear& linear) { return linear.exists() && weights.has(linear.name + ".weight"); };
  const Task task = has(spec.masked_lm.transform) ? Task::kMaskedLm
                    : has(spec.classifier)        ? Task::kClassification
                                                  : Task::kFeatures;
  const char* what = task == Task::kMaskedLm         ? "a masked language model"
                     : task == Task::kClassification ? "a sequence classifier"
                                                     : "an encoder without a head";
  notes.push_back(fmt::format("the configuration names no architecture: by its tensors this is {}", what));
  return task;
}

/// Error(kInput) if the checkpoint lacks the head that the configuration names, saying what it has: transformers would
/// make one up.
void require_head(const WeightTable& weights, const EncoderSpec& spec, Task task, const JsonCursor& config) {
  if (task != Task::kMaskedLm && task != Task::kClassification) return;
  const std::string masked = spec.masked_lm.transform.name + ".weight", classes = spec.classifier.name + ".weight";
  const std::string& wanted = task == Task::kMaskedLm ? masked : classes;
  if (weights.has(wanted)) return;
  const JsonCursor first = config.at("architectures").at(std::size_t{0});
  const std::string name = first.as_string();
  const std::string stem = name.substr(0, name.find("For"));
  const bool has_masked = spec.masked_lm.transform.exists() && weights.has(masked);
  const std::string instead = has_masked ? fmt::format("it has a masked language model's: write {}ForMaskedLM", stem)
                                         : fmt::format(
                                               "a base model is no more than {}Model: write that to convert it, "
                                               "and measure a checkpoint of {}ForMaskedLM",
                                               stem, stem);
  first.fail(fmt::format("found {}, but the checkpoint has no trained head for it (no tensor {}); {}",
                         kerf::quoted(name), kerf::quoted(wanted), instead));
}

std::vector<Ignorable> ignorable_tensors(const EncoderSpec& spec, Task task) {
  std::vector<Ignorable> result = spec.ignorable;
  result.push_back({"*embeddings.position_ids", "positions are counted"});
  const auto leave = [&](const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns)
      result.push_back({pattern, "belongs to a head that the architecture does not have"});
  };
  leave(spec.other_heads);
  if (task != Task::kFeatures) leave(spec.pooling_tensors);
  if (task != Task::kClassification) leave(spec.classifier_tensors);
  if (task == Task::kMaskedLm) {
    const MaskedLmHead& head = spec.masked_lm;
    if (spec.hyperparameters.tied_head) {
      result.push_back({"*" + head.decoder + ".weight", "the decoder is tied to the token embedding"});
    }
    if (!head.bias.empty()) {
      for (const std::string& bias : {head.bias, head.decoder + ".bias"}) {
        result.push_back({bias, "the decoder has another bias"});
      }
    }
  } else {
    leave(spec.masked_lm_tensors);
  }
  return result;
}

}  // namespace

description::Hyperparameters read_encoder_sizes(const JsonCursor& config) {
  for (const char* key : {"is_decoder", "add_cross_attention"}) {
    if (config.bool_or(key, false)) config.at(key).fail("found true, expected an encoder");
  }
  if (const std::string type = config.string_or("position_embedding_type", "absolute"); type != "absolute") {
    config.at("position_embedding_type").fail(fmt::format("found {}, expected 'absolute'", kerf::quoted(type)));
  }
  description::Hyperparameters h = read_standard_sizes(config);
  h.max_positions = h.context_length;
  h.type_vocab_size = read_size(config, "type_vocab_size", 2);
  h.norm_epsilon = config.double_or("layer_norm_eps", 1e-12);
  const auto activation = config.get("hidden_act");
  h.activation = activation ? read_activation(*activation) : "gelu";
  h.tied_head = config.bool_or("tie_word_embeddings", true);
  return h;
}

std::optional<Task> read_encoder_task(const JsonCursor& config) {
  const auto architectures = config.get("architectures");
  if (!architectures || architectures->as_array().empty()) return std::nullopt;
  const JsonCursor first = architectures->at(std::size_t{0});
  const std::string name = first.as_string();
  if (ends_with(name, "ForMaskedLM") || ends_with(name, "ForPreTraining")) return Task::kMaskedLm;
  if (ends_with(name, "ForSequenceClassification")) return Task::kClassification;
  if (ends_with(name, "Model")) return Task::kFeatures;
  first.fail(fmt::format(
      "found {}, expected a name that ends in ForMaskedLM, ForPreTraining, ForSequenceClassification or Model",
      kerf::quoted(name)));
}

std::vector<std::string> read_labels(const JsonCursor& config) {
  const auto by_id = config.get("id2label");
  if (!by_id) {
    std::vector<std::string> labels;
    constexpr std::int64_t kMostLabels = 1 << 16;
    const auto count = config.get("num_labels");
    const std::int64_t labels_wanted = count ? count->as_int64_in(1, kMostLabels) : 2;
    for (std::int64_t i = 0; i < labels_wanted; ++i) labels.push_back(fmt::format("LABEL_{}", i));
    return labels;
  }
  std::vector<std::string> labels(by_id->as_object().size());
  for (const auto& [key, value] : by_id->as_object()) {
    std::size_t id = labels.size();
    std::from_chars(key.data(), key.data() + key.size(), id);
    if (id >= labels.size() || key != std::to_string(id)) {
      by_id->fail(fmt::format("found the key {}, expected 0 to {}", kerf::quoted(key), labels.size() - 1));
    }
    labels[id] = by_id->at(key).as_string();
  }
  if (labels.empty()) by_id->fail("found no classes, expected at least one");
  return labels;
}

graph::SourceMap with_todays_norms(const graph::SourceMap& tensors, std::vector<std::string>& notes) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kRenamed = {
      {{"LayerNorm.gamma", "LayerNorm.weight"}, {"LayerNorm.beta", "LayerNorm.bias"}}};
  graph::SourceMap result;
  std::size_t count = 0;
  for (const auto& [name, source] : tensors) {
    std::string today = name;
    for (const auto& [before, after] : kRenamed) {
      if (ends_with(name, before)) today.replace(name.size() - before.size(), before.size(), after);
    }
    if (tensors.contains(today)) today = name;
    if (today != name) ++count;
    result.emplace(std::move(today), source);
  }
  if (count > 0) {
    notes.push_back(fmt::format("{} tensors LayerNorm.gamma and LayerNorm.beta are read as weight and bias", count));
  }
  return result;
}

ModelGraph build_encoder(const JsonCursor& config, const graph::SourceMap& tensors, const EncoderSpec& spec) {
  ModelGraph result;
  const graph::SourceMap renamed = with_todays_norms(tensors, result.notes);
  Builder builder(renamed, config.file(), spec.prefixes);
  const auto named = read_encoder_task(config);
  const Task task = named ? *named : task_by_tensors(builder.weights(), spec, result.notes);
  if (named) require_head(builder.weights(), spec, task, config);
  if (task == Task::kClassification) result.model.labels = read_labels(config);
  Encoder(builder, spec, result.model.labels.size()).build(task);

  for (std::string& note : builder.weights().finish(ignorable_tensors(spec, task), spec.family)) {
    result.notes.push_back(std::move(note));
  }
  result.graph = std::move(builder.graph());
  result.model.family = spec.family;
  result.model.hyperparameters = spec.hyperparameters;
  result.model.hyperparameters.tied_head = spec.hyperparameters.tied_head && task == Task::kMaskedLm;
  result.model.config = config.json();
  result.model.causal = false;
  result.model.task = task;
  result.model.positions = spec.positions;
  read_token_ids(config, result.model);
  return result;
}

}  // namespace kerf::models
