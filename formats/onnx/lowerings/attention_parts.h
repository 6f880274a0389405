#pragma once

#include <cstdint>

#include "formats/onnx/emitter.h"

namespace kerf::formats::onnx {

/// Attention in whatever way a file says it.
struct AttentionParts {
  ValueIndex query = kAbsent, key = kAbsent, value = kAbsent;  ///< [batch, length, heads * d]
  std::int64_t heads = 0, kv_heads = 0;
  double scale = 0;    ///< of the products; 0: 1 / sqrt(d)
  double softcap = 0;  ///< 0: none
  bool causal = false;
  std::int64_t window = 0;       ///< keys that a query sees, itself the last; 0: all
  ValueIndex mask = kAbsent;     ///< [batch, keys], integers, 0 where nobody sees a key
  ValueIndex bias = kAbsent;     ///< added to the scores [batch, heads, queries, keys], as numpy broadcasts
  bool may_see_nothing = false;  ///< a query that the bias hides all keys from gets zeros, as in ONNX Runtime
};

/// [batch, queries, heads * d]: kerf's own attention, or plain operators where there is a bias.
ValueIndex attend(Emitter& emitter, const AttentionParts& parts);

/// [batch, length, heads * d] <-> [batch, heads, length, d].
ValueIndex to_heads(Emitter& emitter, ValueIndex rows, std::int64_t heads);
ValueIndex to_rows(Emitter& emitter, ValueIndex heads);

/// Throws unless `past` is absent or of no positions: kerf evaluates whole windows.
void expect_no_past(const Emitter& emitter, ValueIndex past);
/// The attribute num_heads or another count of heads. Error(kInput) unless it is positive.
std::int64_t head_count(const Emitter& emitter, const Call& call, std::string_view name);
/// 0, 1, 2, ... for each position of [batch, length, ...]: [batch, length], with `first` (a scalar or vector of one)
/// added if it is not absent.
ValueIndex positions_of(Emitter& emitter, ValueIndex rows, ValueIndex first);
/// A mask of integers or truth values as i64.
ValueIndex as_mask(Emitter& emitter, ValueIndex mask);

}  // namespace kerf::formats::onnx
