#include "models/layer_parts.h"

#include <utility>

#include "models/activation.h"

namespace kerf::models {

using graph::Role;
using graph::ValueId;

namespace {

/// Emitted for each layer anew, although layers share the table: what is computed again need not be kept.
ValueId emit_relative_bias(Builder& b, const Mixing& mixing) {
  const RelativeBias& relative = mixing.relative;
  if (relative.table.empty()) return graph::kNoValue;
  const ValueId table =
      b.weight(relative.table + ".weight", {relative.buckets, mixing.heads}, Role::kPositionEmbedding);
  return b.kerf_node(
      "RelativePositionBias", b.label(mixing.name + ".relative_bias"), {table, relative.ids},
      {{"bidirectional", std::int64_t{relative.bidirectional ? 1 : 0}}, {"max_distance", relative.max_distance}});
}

}  // namespace

Hidden emit_attention(Builder& b, const Projections& projections, const Mixing& mixing, Hidden queries, Hidden keys,
                      Hidden values, std::int64_t width) {
  const std::int64_t inner = mixing.heads * mixing.head_dim;
  const ValueId q = b.linear(projections.query, queries.value, inner, queries.width, Role::kQuery);
  const ValueId k = b.linear(projections.key, keys.value, inner, keys.width, Role::kKey);
  const ValueId v = b.linear(projections.value, values.value, inner, values.width, Role::kValue);
  std::vector<ValueId> inputs{q, k, v, mixing.mask};
  if (const ValueId bias = emit_relative_bias(b, mixing); bias != graph::kNoValue) inputs.push_back(bias);
  graph::Attributes attributes{{"num_heads", mixing.heads}, {"causal", std::int64_t{mixing.causal ? 1 : 0}}};
  if (mixing.scale) attributes.set("scale", *mixing.scale);
  const ValueId mixed = b.kerf_node("Attention", b.label(mixing.name), std::move(inputs), std::move(attributes));
  return {b.linear(projections.output, mixed, width, inner, Role::kAttentionOutput), width};
}

Hidden emit_mlp(Builder& b, const Mlp& mlp, const std::string& activation, Hidden x, std::int64_t inner) {
  const std::string name = b.label("feed_forward.activation");
  ValueId opened = graph::kNoValue;
  if (mlp.gate.exists()) {
    const ValueId gate = emit_activation(b, activation, name, b.linear(mlp.gate, x.value, inner, x.width, Role::kGate));
    const ValueId up = b.linear(mlp.up, x.value, inner, x.width, Role::kUp);
    opened = b.node("Mul", b.label("feed_forward.gated"), {gate, up});
  } else {
    opened = emit_activation(b, activation, name, b.linear(mlp.up, x.value, inner, x.width, Role::kUp));
  }
  return {b.linear(mlp.down, opened, x.width, inner, Role::kDown), x.width};
}

Hidden emit_residual(Builder& b, std::string_view what, Hidden x, Hidden change, const Norm& norm) {
  const ValueId sum = b.node("Add", b.label(what), {x.value, change.value});
  return {norm.exists() ? b.norm(norm, sum, x.width) : sum, x.width};
}

}  // namespace kerf::models
