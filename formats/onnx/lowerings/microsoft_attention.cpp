#include <fmt/format.h>

#include "formats/onnx/dtypes.h"
#include "formats/onnx/lowering.h"
#include "formats/onnx/lowerings/attention_parts.h"

namespace kerf::formats::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

std::vector<ValueIndex> split(Emitter& emitter, ValueIndex x, const Ints& sizes, std::int64_t axis) {
  return emitter.nodes("Split", {x, emitter.integers(sizes)}, sizes.size(), {{"axis", axis}});
}

ValueIndex vector_part(Emitter& emitter, ValueIndex vector, std::int64_t begin, std::int64_t end) {
  return emitter.node("Slice", {vector, emitter.integers({begin}), emitter.integers({end})});
}

/// A mask of [batch, keys]; or counts of keys by batch, [batch]: those before the count are seen.
ValueIndex key_mask(Emitter& emitter, ValueIndex mask, ValueIndex key) {
  if (mask == kAbsent) return kAbsent;
  const ValueIndex whole = as_mask(emitter, mask);
  const auto rank = emitter.rank(mask);
  if (rank.value_or(2) == 2) return whole;
  if (*rank != 1) emitter.fail(fmt::format("found a mask of {} dimensions, expected 1 or 2", *rank));
  const ValueIndex counts = emitter.node("Unsqueeze", {whole, emitter.integers({1})});
  const ValueIndex seen = emitter.node("Less", {positions_of(emitter, key, kAbsent), counts});
  return as_mask(emitter, seen);
}

/// One matrix [in, q + k + v] for all three.
std::vector<ValueIndex> lower_attention(Emitter& emitter, const Call& call) {
  const Constant* weight = call.input(1) == kAbsent ? nullptr : emitter.constant(call.input(1));
  if (call.input(0) == kAbsent || weight == nullptr || weight->shape().size() != 2) {
    emitter.fail("expected an input and a constant matrix");
  }
  expect_no_past(emitter, call.input(4));
  AttentionParts parts{.heads = head_count(emitter, call, "num_heads")};
  parts.kv_heads = parts.heads;
  const std::int64_t width = weight->shape()[1];
  const Ints sizes = call.attributes.ints_or("qkv_hidden_sizes", {width / 3, width / 3, width / 3});
  const ValueIndex turned = emitter.node("Transpose", {call.input(1)}, {{"perm", Ints{1, 0}}});
  std::vector<ValueIndex> inputs = {call.input(0), turned};
  if (call.input(2) != kAbsent) inputs.push_back(call.input(2));
  const auto qkv = split(emitter, emitter.node("Linear", inputs, {}, graph::kKerfDomain), sizes, 2);
  if (qkv.size() != 3) emitter.fail("attribute qkv_hidden_sizes: expected three sizes");
  if (call.attributes.int_or("do_rotary", 0) != 0) emitter.fail("attribute do_rotary: found 1, expected 0");
  parts.query = qkv[0];
  parts.key = qkv[1];
  parts.value = qkv[2];
  parts.scale = call.attributes.float_or("scale", 0);
  parts.causal = call.attributes.int_or("unidirectional", 0) != 0;
  parts.mask = key_mask(emitter, call.input(3), parts.key);
  parts.bias = call.input(5);
  return {attend(emitter, parts)};
}

/// Adds its part of the bias [q + k + v] to each.
void add_biases(Emitter& emitter, ValueIndex bias, AttentionParts& parts, std::int64_t width) {
  if (bias == kAbsent) return;
  parts.query = emitter.node("Add", {parts.query, vector_part(emitter, bias, 0, width)});
  parts.key = emitter.node("Add", {parts.key, vector_part(emitter, bias, width, 2 * width)});
  parts.value = emitter.node("Add", {parts.value, vector_part(emitter, bias, 2 * width, INT32_MAX)});
}

/// Query, keys and values come apart, or packed by head: [batch, length, heads, 3, d].
std::vector<ValueIndex> lower_multi_head(Emitter& emitter, const Call& call) {
  if (call.input(0) == kAbsent) emitter.fail("the query is missing");
  expect_no_past(emitter, call.input(6));
  expect_no_past(emitter, call.input(7));
  AttentionParts parts{.query = call.input(0), .key = call.input(1), .value = call.input(2)};
  parts.heads = parts.kv_heads = head_count(emitter, call, "num_heads");
  const auto unpack = [&](ValueIndex packed, std::size_t count) {
    std::vector<ValueIndex> result;
    for (const ValueIndex part : split(emitter, packed, Ints(count, 1), 3)) {
      result.push_back(emitter.node("Reshape", {part, emitter.integers({0, 0, -1})}));
    }
    return result;
  };
  if (parts.key == kAbsent) {
    const auto all = unpack(parts.query, 3);
    parts.query = all[0];
    parts.key = all[1];
    parts.value = all[2];
  } else if (parts.value == kAbsent) {
    const auto both = unpack(parts.key, 2);
    parts.key = both[0];
    parts.value = both[1];
  } else if (emitter.rank(parts.key).value_or(3) == 4) {
    parts.key = to_rows(emitter, parts.key);
    parts.value = to_rows(emitter, parts.value);
  }
  if (call.input(3) != kAbsent) {
    const Constant* bias = emitter.constant(call.input(3));
    if (bias == nullptr) emitter.fail("its bias depends on the data, expected a constant");
    add_biases(emitter, call.input(3), parts, bias->size() / 3);
  }
  parts.scale = call.attributes.float_or("scale", 0);
  parts.causal = call.attributes.int_or("unidirectional", 0) != 0;
  parts.mask = key_mask(emitter, call.input(4), parts.key);
  parts.bias = call.input(5);
  return {attend(emitter, parts)};
}

ValueIndex turned_by_position(Emitter& emitter, const Call& call, ValueIndex x, std::int64_t heads) {
  if (call.input(7) == kAbsent || call.input(8) == kAbsent) emitter.fail("do_rotary asks for cos_cache and sin_cache");
  const ValueIndex positions = call.input(9) != kAbsent ? call.input(9) : positions_of(emitter, x, kAbsent);
  return emitter.node("RotaryEmbedding", {x, call.input(7), call.input(8), positions},
                      {{"num_heads", heads},
                       {"interleaved", call.attributes.int_or("rotary_interleaved", 0)},
                       {"rotary_embedding_dim", 2 * emitter.constant_extent(call.input(7), 1)}});
}

std::vector<ValueIndex> lower_grouped(Emitter& emitter, const Call& call) {
  AttentionParts parts{.query = call.input(0), .key = call.input(1), .value = call.input(2)};
  if (parts.query == kAbsent) emitter.fail("the query is missing");
  expect_no_past(emitter, call.input(3));
  expect_no_past(emitter, call.input(4));
  parts.heads = head_count(emitter, call, "num_heads");
  parts.kv_heads = head_count(emitter, call, "kv_num_heads");
  if (call.input(11) != kAbsent || call.attributes.int_or("smooth_softmax", 0) > 0) {
    emitter.fail("found attention with a sink, which kerf does not have");
  }
  if (parts.key == kAbsent) {
    const ValueIndex heads =
        emitter.node("Reshape", {parts.query, emitter.integers({0, 0, parts.heads + 2 * parts.kv_heads, -1})});
    std::vector<ValueIndex> rows;
    for (const ValueIndex part : split(emitter, heads, {parts.heads, parts.kv_heads, parts.kv_heads}, 2)) {
      rows.push_back(emitter.node("Reshape", {part, emitter.integers({0, 0, -1})}));
    }
    parts.query = rows[0];
    parts.key = rows[1];
    parts.value = rows[2];
  }
  if (call.attributes.int_or("do_rotary", 0) != 0) {
    parts.query = turned_by_position(emitter, call, parts.query, parts.heads);
    parts.key = turned_by_position(emitter, call, parts.key, parts.kv_heads);
  }
  parts.scale = call.attributes.float_or("scale", 0);
  parts.softcap = call.attributes.float_or("softcap", 0);
  parts.causal = true;
  const std::int64_t window = call.attributes.int_or("local_window_size", -1);
  if (window > 0) parts.window = window;
  parts.bias = call.input(10);
  return {attend(emitter, parts)};
}

/// position_ids: [batch, length], or the first one, [1].
std::vector<ValueIndex> lower_rotary(Emitter& emitter, const Call& call) {
  const ValueIndex x = call.input(0), cosine = call.input(2), sine = call.input(3);
  if (x == kAbsent || call.input(1) == kAbsent || cosine == kAbsent || sine == kAbsent) {
    emitter.fail("found an input missing, expected 4");
  }
  if (call.attributes.float_or("scale", 1) != 1 || call.attributes.int_or("is_packed_batching", 0) != 0) {
    emitter.fail("found attributes scale or is_packed_batching, which kerf does not have");
  }
  const bool by_heads = emitter.rank(x).value_or(3) == 4;
  ValueIndex positions = call.input(1);
  if (emitter.rank(positions).value_or(2) == 1) {
    positions = positions_of(emitter, by_heads ? to_rows(emitter, x) : x, positions);
  }
  std::int64_t heads = call.attributes.int_or("num_heads", 0);
  const std::int64_t rotary = call.attributes.int_or("rotary_embedding_dim", 0);
  const std::int64_t width = 2 * emitter.constant_extent(cosine, 1);
  graph::Attributes attributes = {{"interleaved", call.attributes.int_or("interleaved", 0)},
                                  {"rotary_embedding_dim", rotary > 0 ? rotary : width}};
  // Without a rotary width of its own a head is as wide as what turns.
  if (heads == 0 && !by_heads) heads = emitter.last_extent(x) / width;
  if (heads > 0) attributes.set("num_heads", heads);
  return {emitter.node("RotaryEmbedding", {x, cosine, sine, positions}, attributes)};
}

}  // namespace

const LoweringInfo& microsoft_attention_lowering() {
  static const LoweringInfo info{"Attention", kMicrosoftDomain, "Linear, Split, attention", lower_attention};
  return info;
}

const LoweringInfo& multi_head_attention_lowering() {
  static const LoweringInfo info{"MultiHeadAttention", kMicrosoftDomain, "attention", lower_multi_head};
  return info;
}

const LoweringInfo& group_query_attention_lowering() {
  static const LoweringInfo info{"GroupQueryAttention", kMicrosoftDomain, "rotary embeddings, attention",
                                 lower_grouped};
  return info;
}

const LoweringInfo& microsoft_rotary_embedding_lowering() {
  static const LoweringInfo info{"RotaryEmbedding", kMicrosoftDomain, "RotaryEmbedding by positions", lower_rotary};
  return info;
}

}  // namespace kerf::formats::onnx
