#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "description/description.h"
#include "text/tokenizer.h"

namespace kerf::text {

/// The tokens that are no text, as far as they are known: what windows of models that read both ways are made with.
struct SpecialTokens {
  std::vector<std::int64_t> before, after;  ///< what a text stands between: [CLS] and [SEP]
  std::optional<std::int64_t> mask;         ///< what a hidden token is replaced by
  std::vector<std::int64_t> sentinels;      ///< what hidden spans are replaced by, in order: <extra_id_0>, ...
  std::set<std::int64_t> ids;               ///< all of these and others; never hidden, never scored

  std::int64_t around() const { return static_cast<std::int64_t>(before.size() + after.size()); }
  bool contains(std::int64_t id) const { return ids.contains(id); }
  void set_mask(std::int64_t id);
  /// A text's ids without what stands around it already.
  std::span<const std::int64_t> without_frame(std::span<const std::int64_t> ids) const;
};

/// By the tokenizer: what it puts around a text, its mask token and sentinels, all that it calls special.
SpecialTokens special_tokens(const Tokenizer& tokenizer);

/// Where there is no tokenizer, by the configuration: cls_token_id, or bos_token_id, before; sep_token_id, or
/// eos_token_id, behind; of an encoder with a decoder only the latter. No sentinels.
SpecialTokens special_tokens(const description::Model& model);

}  // namespace kerf::text
