#include "text/special_tokens.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace kerf::text {
namespace {

/// T5's tokenizers have a hundred sentinels; some have more.
constexpr int kMostSentinels = 1000;

std::optional<std::int64_t> token_id(const description::Model& model, std::string_view key) {
  const Json* value = model.config.is_object() ? model.config.find(key) : nullptr;
  const bool is_id = value != nullptr && value->is_integer() && value->as_double() >= 0 &&
                     value->as_double() < static_cast<double>(model.hyperparameters.vocab_size);
  return is_id ? std::optional(value->as_int64()) : std::nullopt;
}

}  // namespace

void SpecialTokens::set_mask(std::int64_t id) {
  mask = id;
  ids.insert(id);
}

std::span<const std::int64_t> SpecialTokens::without_frame(std::span<const std::int64_t> text) const {
  if (!before.empty() && text.size() >= before.size() && std::equal(before.begin(), before.end(), text.begin())) {
    text = text.subspan(before.size());
  }
  if (!after.empty() && text.size() >= after.size() && std::equal(after.rbegin(), after.rend(), text.rbegin())) {
    text = text.first(text.size() - after.size());
  }
  return text;
}

SpecialTokens special_tokens(const Tokenizer& tokenizer) {
  SpecialTokens special;
  const Tokenizer::Frame frame = tokenizer.frame();
  special.before = frame.before;
  special.after = frame.after;
  for (std::int64_t id = 0; id < tokenizer.vocab_size(); ++id) {
    if (tokenizer.is_special(id)) special.ids.insert(id);
  }
  special.ids.insert(frame.before.begin(), frame.before.end());
  special.ids.insert(frame.after.begin(), frame.after.end());
  if (const auto mask = tokenizer.mask_id()) special.set_mask(*mask);
  for (int i = 0; i < kMostSentinels; ++i) {
    const auto id = tokenizer.id_of(fmt::format("<extra_id_{}>", i));
    if (!id) break;
    special.sentinels.push_back(*id);
    special.ids.insert(*id);
  }
  return special;
}

SpecialTokens special_tokens(const description::Model& model) {
  SpecialTokens special;
  const auto put = [&](std::vector<std::int64_t>& place, std::string_view key, std::string_view otherwise) {
    auto id = token_id(model, key);
    if (!id) id = token_id(model, otherwise);
    if (id) place.push_back(*id);
  };
  if (model.task != description::Task::kSequenceToSequence) put(special.before, "cls_token_id", "bos_token_id");
  put(special.after, "sep_token_id", "eos_token_id");
  for (const char* key : {"pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"}) {
    if (const auto id = token_id(model, key)) special.ids.insert(*id);
  }
  if (const auto mask = token_id(model, "mask_token_id")) special.set_mask(*mask);
  return special;
}

}  // namespace kerf::text
