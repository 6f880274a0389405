#include "quant/structure.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "quant/structure_rows.h"

namespace kerf::quant {
namespace {

/// Kernels and block formats like such multiples.
constexpr std::int64_t kNeuronMultiple = 32;

/// config.json's keys for the width of the feed-forward.
constexpr std::array<std::string_view, 5> kWidthKeys = {"intermediate_size", "n_inner", "ffn_dim", "hidden_dim",
                                                        "d_ff"};
/// Families that take four times the hidden size where the key is absent or null.
constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kDefaultWidths = {
    {{"gpt2", "n_inner"}, {"gpt_neo", "intermediate_size"}}};
/// Families whose attention takes the size of a head from config.json's head_dim, instead of dividing the hidden size.
constexpr std::array<std::string_view, 13> kFreeHeads = {"llama",     "mistral",    "mixtral", "qwen2",       "qwen3",
                                                         "qwen3_moe", "gemma",      "gemma2",  "gemma3_text", "granite",
                                                         "smollm3",   "starcoder2", "phi3"};

[[noreturn]] void refuse(const description::Model& model, const PruneChoice& choice, const std::string& why) {
  throw_usage(fmt::format("{} cannot be removed from a {} model: {}", choice.name(), model.family, why));
}

bool has_integer(const Json& config, std::string_view key, std::int64_t value) {
  const Json* found = config.find(key);
  return found != nullptr && found->is_integer() && found->as_int64() == value;
}

/// The key for the width of experts, where that is not the feed-forward's own.
constexpr std::string_view kExpertWidthKey = "moe_intermediate_size";

/// Empty: there is none.
std::string_view width_key(const description::Model& model, std::int64_t width) {
  for (const std::string_view key : kWidthKeys) {
    if (has_integer(model.config, key, width)) return key;
  }
  for (const auto& [family, key] : kDefaultWidths) {
    const Json* found = model.config.find(key);
    if (model.family == family && (found == nullptr || found->is_null())) return key;
  }
  return "";
}

void shrink_neurons(const PruneChoice& choice, const Reduction& reduction, bool experts, description::Model& model) {
  if (experts && has_integer(model.config, kExpertWidthKey, reduction.units)) {
    model.config.set(std::string(kExpertWidthKey), reduction.kept);
    return;
  }
  if (experts && model.family != "mixtral") {
    refuse(model, choice, fmt::format("config.json has no {} of {}", kExpertWidthKey, reduction.units));
  }
  const std::string_view key = width_key(model, reduction.units);
  if (key.empty()) {
    refuse(model, choice, fmt::format("config.json has no key for the {} neurons of a layer", reduction.units));
  }
  model.config.set(std::string(key), reduction.kept);
  model.hyperparameters.intermediate_size = reduction.kept;
}

void shrink_heads(const PruneChoice& choice, const Reduction& reduction, description::Model& model) {
  auto& h = model.hyperparameters;
  if (std::find(kFreeHeads.begin(), kFreeHeads.end(), model.family) == kFreeHeads.end() ||
      !has_integer(model.config, "num_attention_heads", h.heads)) {
    refuse(model, choice, "its config.json cannot say that heads are fewer than the hidden size divided by their own");
  }
  h.heads = h.heads / h.kv_heads * reduction.kept;
  h.kv_heads = reduction.kept;
  model.config.set("num_attention_heads", h.heads);
  model.config.set("num_key_value_heads", h.kv_heads);
  model.config.set("head_dim", h.head_dim);
}

std::int64_t units_kept(const PruneChoice& choice, std::int64_t units, bool neurons) {
  const std::int64_t kept = units - choice.pattern.zeros_of(units);
  if (!neurons || units % kNeuronMultiple != 0) return kept;
  return (kept + kNeuronMultiple - 1) / kNeuronMultiple * kNeuronMultiple;
}

void add_choice(const graph::Graph& graph, const sweep::Plan& plan, const PruneChoice& choice, Structure& structure) {
  const bool neurons = choice.pruner->consumer == graph::Role::kDown;
  Reduction last;
  bool experts = false;
  for (const sweep::Site& site : plan.sites) {
    const graph::Weight& weight = graph.value(site.weight).weight;
    if (weight.role != choice.pruner->consumer) continue;
    if (last.units != 0 && experts != (weight.expert >= 0)) {
      refuse(structure.model, choice, "some of its feed-forwards are experts and others are not");
    }
    experts = weight.expert >= 0;
    Reduction reduction = neurons ? find_neurons(graph, site) : find_heads(graph, site);
    reduction.kept = units_kept(choice, reduction.units, neurons);
    reduction.pruner = choice.pruner;
    if (last.units != 0 && last.units != reduction.units) {
      refuse(structure.model, choice,
             fmt::format("{} has {} of them, a layer before {}", quoted(weight.name), reduction.units, last.units));
    }
    for (const auto& [producer, rows] : reduction.producers) structure.consumer_of[producer] = site.weight;
    last = reduction;
    structure.by_consumer.emplace(site.weight, std::move(reduction));
  }
  const std::string_view what = neurons ? "neurons" : "key-value heads";
  if (last.units == 0)
    refuse(structure.model, choice,
           fmt::format("it has no weights of the role {}", graph::role_name(choice.pruner->consumer)));
  if (last.kept >= last.units || last.kept < 1) {
    refuse(structure.model, choice, fmt::format("of {} {} in a layer {} would stay", last.units, what, last.kept));
  }
  if (neurons) {
    shrink_neurons(choice, last, experts, structure.model);
  } else {
    shrink_heads(choice, last, structure.model);
  }
  structure.removed.push_back(fmt::format("{}: {} of {} {} of each {} stay", choice.name(), last.kept, last.units, what,
                                          experts && neurons ? "expert" : "layer"));
}

}  // namespace

std::vector<std::int64_t> Reduction::columns(const std::vector<std::int64_t>& units_kept) const {
  std::vector<std::int64_t> result;
  for (const std::int64_t unit : units_kept) {
    for (std::int64_t i = 0; i < width; ++i) result.push_back(unit * width + i);
  }
  return result;
}

std::vector<std::int64_t> Reduction::rows_of(graph::ValueId producer, std::int64_t rows,
                                             const std::vector<std::int64_t>& units_kept) const {
  std::vector<bool> stays(static_cast<std::size_t>(rows), true);
  for (const Rows& part : producers.at(producer)) {
    const auto begin = stays.begin() + part.offset;
    std::fill(begin, begin + units * part.width, false);
    for (const std::int64_t unit : units_kept) std::fill_n(begin + unit * part.width, part.width, true);
  }
  std::vector<std::int64_t> result;
  for (std::int64_t row = 0; row < rows; ++row) {
    if (stays[static_cast<std::size_t>(row)]) result.push_back(row);
  }
  return result;
}

std::pair<std::int64_t, std::int64_t> Structure::shape_of(graph::ValueId weight, std::int64_t rows,
                                                          std::int64_t cols) const {
  if (const auto found = by_consumer.find(weight); found != by_consumer.end()) {
    cols = found->second.kept * found->second.width;
  }
  if (const auto found = consumer_of.find(weight); found != consumer_of.end()) {
    const Reduction& reduction = by_consumer.at(found->second);
    for (const Reduction::Rows& part : reduction.producers.at(weight)) {
      rows -= (reduction.units - reduction.kept) * part.width;
    }
  }
  return {rows, cols};
}

std::shared_ptr<const Structure> plan_structure(const graph::Graph& graph, const sweep::Plan& plan,
                                                const description::Model& model,
                                                const std::vector<PruneChoice>& choices) {
  if (choices.empty()) return nullptr;
  auto structure = std::make_shared<Structure>();
  structure->model = model;
  for (const PruneChoice& choice : choices) add_choice(graph, plan, choice, *structure);
  return structure;
}

}  // namespace kerf::quant
