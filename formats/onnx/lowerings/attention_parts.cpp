#include "formats/onnx/lowerings/attention_parts.h"

#include <limits>
#include <span>

#include <fmt/format.h>

#include "formats/onnx/dtypes.h"

namespace kerf::formats::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

ValueIndex turned(Emitter& emitter, ValueIndex x, Ints order) {
  return emitter.node("Transpose", {x}, {{"perm", std::move(order)}});
}

/// Extent `axis` of a value, a scalar.
ValueIndex extent(Emitter& emitter, ValueIndex x, std::int64_t axis) {
  const ValueIndex shape = emitter.node("Shape", {x}, {{"start", axis}, {"end", axis + 1}});
  return emitter.node("Squeeze", {shape, emitter.integers({0})});
}

ValueIndex range(Emitter& emitter, ValueIndex limit) {
  return emitter.node("Range", {emitter.integer(0), limit, emitter.integer(1)});
}

/// [batch, kv_heads, length, d] -> each head repeated for the queries' heads that read it.
ValueIndex repeated(Emitter& emitter, ValueIndex x, std::int64_t times) {
  if (times == 1) return x;
  const ValueIndex wide = emitter.node("Unsqueeze", {x, emitter.integers({2})});
  const ValueIndex copies = emitter.node("Expand", {wide, emitter.integers({1, 1, times, 1, 1})});
  const auto part = [&](std::int64_t begin, std::int64_t end) {
    return emitter.node("Shape", {x}, {{"start", begin}, {"end", end}});
  };
  const ValueIndex heads = emitter.node("Mul", {part(1, 2), emitter.integers({times})});
  const ValueIndex shape = emitter.node("Concat", {part(0, 1), heads, part(2, 4)}, {{"axis", std::int64_t{0}}});
  return emitter.node("Reshape", {copies, shape});
}

/// Hidden scores become minus infinity.
ValueIndex hidden_where(Emitter& emitter, ValueIndex hidden, ValueIndex scores) {
  return emitter.node("Where", {hidden, emitter.scalar(-std::numeric_limits<float>::infinity()), scores});
}

/// [queries, keys]: is the key behind the query, or before its window?
ValueIndex out_of_sight(Emitter& emitter, ValueIndex q, ValueIndex k, std::int64_t window) {
  const ValueIndex queries = extent(emitter, q, 2), keys = extent(emitter, k, 2);
  const ValueIndex offset = emitter.node("Sub", {keys, queries});
  const ValueIndex column = emitter.node("Unsqueeze", {range(emitter, queries), emitter.integers({1})});
  const ValueIndex last = emitter.node("Add", {column, offset});
  const ValueIndex key = range(emitter, keys);
  const ValueIndex behind = emitter.node("Greater", {key, last});
  if (window == 0) return behind;
  const ValueIndex first = emitter.node("Sub", {last, emitter.integer(window - 1)});
  return emitter.node("Or", {behind, emitter.node("Less", {key, first})});
}

ValueIndex attend_plainly(Emitter& emitter, const AttentionParts& parts) {
  const ValueIndex q = to_heads(emitter, parts.query, parts.heads);
  const std::int64_t times = parts.heads / parts.kv_heads;
  const ValueIndex k = repeated(emitter, to_heads(emitter, parts.key, parts.kv_heads), times);
  const ValueIndex v = repeated(emitter, to_heads(emitter, parts.value, parts.kv_heads), times);
  ValueIndex scale = emitter.scalar(static_cast<float>(parts.scale));
  if (parts.scale == 0) {
    const ValueIndex width = emitter.node("Cast", {extent(emitter, q, 3)}, {{"to", data_type_of(DType::kF32)}});
    scale = emitter.node("Reciprocal", {emitter.node("Sqrt", {width})});
  }
  ValueIndex scores = emitter.node("MatMul", {q, turned(emitter, k, {0, 1, 3, 2})});
  scores = emitter.node("Mul", {scores, scale});
  if (parts.softcap != 0) {
    const ValueIndex cap = emitter.scalar(static_cast<float>(parts.softcap));
    scores = emitter.node("Mul", {emitter.node("Tanh", {emitter.node("Div", {scores, cap})}), cap});
  }
  scores = emitter.node("Add", {scores, parts.bias});
  if (parts.mask != kAbsent) {
    const ValueIndex hidden = emitter.node("Equal", {parts.mask, emitter.integer(0)});
    scores = hidden_where(emitter, emitter.node("Unsqueeze", {hidden, emitter.integers({1, 2})}), scores);
  }
  if (parts.causal) scores = hidden_where(emitter, out_of_sight(emitter, q, k, parts.window), scores);
  ValueIndex shares = emitter.node("Softmax", {scores});
  if (parts.may_see_nothing)
    shares = emitter.node("Where", {emitter.node("IsNaN", {shares}), emitter.scalar(0), shares});
  return to_rows(emitter, emitter.node("MatMul", {shares, v}));
}

}  // namespace

ValueIndex to_heads(Emitter& emitter, ValueIndex rows, std::int64_t heads) {
  const ValueIndex split = emitter.node("Reshape", {rows, emitter.integers({0, 0, heads, -1})});
  return turned(emitter, split, {0, 2, 1, 3});
}

ValueIndex to_rows(Emitter& emitter, ValueIndex heads) {
  return emitter.node("Reshape", {turned(emitter, heads, {0, 2, 1, 3}), emitter.integers({0, 0, -1})});
}

ValueIndex attend(Emitter& emitter, const AttentionParts& parts) {
  if (parts.heads % parts.kv_heads != 0) {
    emitter.fail(fmt::format("found {} heads for {} of keys, expected a multiple", parts.heads, parts.kv_heads));
  }
  if (parts.bias != kAbsent) return attend_plainly(emitter, parts);
  graph::Attributes attributes = {{"num_heads", parts.heads}, {"kv_num_heads", parts.kv_heads}};
  if (parts.scale != 0) attributes.set("scale", parts.scale);
  if (parts.softcap != 0) attributes.set("softcap", parts.softcap);
  if (parts.causal) attributes.set("causal", std::int64_t{1});
  if (parts.window != 0) attributes.set("window", parts.window);
  std::vector<ValueIndex> inputs = {parts.query, parts.key, parts.value, parts.mask};
  return emitter.node("Attention", std::move(inputs), attributes, graph::kKerfDomain);
}

void expect_no_past(const Emitter& emitter, ValueIndex past) {
  if (past == kAbsent) return;
  const Constant* known = emitter.constant(past);
  if (known == nullptr || known->size() != 0) emitter.fail("found keys and values of a past, expected none");
}

std::int64_t head_count(const Emitter& emitter, const Call& call, std::string_view name) {
  constexpr std::int64_t kMost = 1 << 16;
  const std::int64_t count = call.attributes.int_or(name, 0);
  if (count <= 0 || count > kMost) emitter.fail(fmt::format("attribute {}: found {}", name, count));
  return count;
}

ValueIndex positions_of(Emitter& emitter, ValueIndex rows, ValueIndex first) {
  ValueIndex positions = range(emitter, extent(emitter, rows, 1));
  if (first != kAbsent) positions = emitter.node("Add", {positions, first});
  const ValueIndex shape = emitter.node("Shape", {rows}, {{"start", std::int64_t{0}}, {"end", std::int64_t{2}}});
  return emitter.node("Expand", {positions, shape});
}

ValueIndex as_mask(Emitter& emitter, ValueIndex mask) {
  return emitter.dtype(mask) == DType::kI64 ? mask : emitter.node("Cast", {mask}, {{"to", data_type_of(DType::kI64)}});
}

}  // namespace kerf::formats::onnx
