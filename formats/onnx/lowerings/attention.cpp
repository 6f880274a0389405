#include <limits>

#include <fmt/format.h>

#include "formats/onnx/dtypes.h"
#include "formats/onnx/lowering.h"
#include "formats/onnx/lowerings/attention_parts.h"

namespace kerf::formats::onnx {
namespace {

/// Truth values say what is seen; numbers are added.
ValueIndex as_bias(Emitter& emitter, ValueIndex mask) {
  if (mask == kAbsent || emitter.dtype(mask) != DType::kBool) return mask;
  return emitter.node("Where", {mask, emitter.scalar(0), emitter.scalar(-std::numeric_limits<float>::infinity())});
}

/// Opset 23's attention: operands [batch, length, heads * d] or [batch, heads, length, d].
std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    if (call.input(i) == kAbsent) emitter.fail(fmt::format("input {} is missing", i));
  }
  expect_no_past(emitter, call.input(4));
  expect_no_past(emitter, call.input(5));
  if (call.attributes.int_or("qk_matmul_output_mode", 0) != 0 || call.output_count > 3) {
    emitter.fail("asks for the products of queries and keys, which kerf does not give");
  }
  AttentionParts parts{.query = call.input(0), .key = call.input(1), .value = call.input(2)};
  const bool by_heads = emitter.rank(parts.query).value_or(call.attributes.has("q_num_heads") ? 3 : 4) == 4;
  if (by_heads) {
    parts.heads = emitter.constant_extent(parts.query, 1);
    parts.kv_heads = emitter.constant_extent(parts.key, 1);
    for (ValueIndex* operand : {&parts.query, &parts.key, &parts.value}) *operand = to_rows(emitter, *operand);
  } else {
    parts.heads = head_count(emitter, call, "q_num_heads");
    parts.kv_heads = head_count(emitter, call, "kv_num_heads");
  }
  parts.scale = call.attributes.float_or("scale", 0);
  parts.softcap = call.attributes.float_or("softcap", 0);
  parts.causal = call.attributes.int_or("is_causal", 0) != 0;
  parts.bias = as_bias(emitter, call.input(3));
  parts.may_see_nothing = parts.bias != call.input(3);
  const ValueIndex y = attend(emitter, parts);
  return {by_heads ? to_heads(emitter, y, parts.heads) : y};
}

}  // namespace

const LoweringInfo& attention_lowering() {
  static const LoweringInfo info{"Attention", "", "kerf's attention, or plain operators where there is a mask", lower};
  return info;
}

}  // namespace kerf::formats::onnx
