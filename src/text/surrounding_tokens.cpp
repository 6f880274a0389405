#include "text/surrounding_tokens.h"

#include "text/vocabulary.h"

namespace kerf::text {

SurroundingTokens::SurroundingTokens(const JsonCursor& json)
    : before_(token_of(json.at("cls"))), after_(token_of(json.at("sep"))) {}

SurroundingTokens::Token SurroundingTokens::token_of(const JsonCursor& json) {
  if (json.as_array().size() != 2) json.fail("expected a token and its id as [\"[CLS]\", 101]");
  return {json.at(0).as_string(), json.at(1).as_int64_in(0, kMaxTokenId)};
}

void SurroundingTokens::process(std::vector<std::int64_t>& ids, bool add_special) const {
  if (!add_special) return;
  ids.insert(ids.begin(), before_.id);
  ids.push_back(after_.id);
}

}  // namespace kerf::text
