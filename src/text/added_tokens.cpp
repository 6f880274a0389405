#include "text/added_tokens.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/component.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

AddedToken token_of(const JsonCursor& json) {
  expect_keys(json, {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  AddedToken token;
  token.id = json.at("id").as_int64_in(0, kMaxTokenId);
  token.content = json.at("content").as_string();
  token.special = json.at("special").as_bool();
  token.normalized = json.at("normalized").as_bool();
  token.single_word = json.at("single_word").as_bool();
  token.lstrip = json.at("lstrip").as_bool();
  token.rstrip = json.at("rstrip").as_bool();
  if (token.content.empty()) json.at("content").fail("found an empty token, expected at least one character");
  if (token.content.size() > TokenMatcher::kMaxPatternBytes) {
    json.at("content").fail(fmt::format("found a token of {} bytes, expected at most {}", token.content.size(),
                                        TokenMatcher::kMaxPatternBytes));
  }
  return token;
}

/// The ids that tokens get which the vocabulary does not have: counting from its size.
class NextId {
 public:
  explicit NextId(const Vocabulary& vocabulary) : size_(static_cast<std::int64_t>(vocabulary.size())) {}
  std::int64_t get() const { return std::max(largest_ + 1, size_); }
  void saw(std::int64_t id) { largest_ = std::max(largest_, id); }

 private:
  std::int64_t size_;
  std::int64_t largest_ = -1;
};

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !is_word(last_code_point(text.substr(0, begin)).value)) &&
         (end == text.size() || !is_word(code_point_at(text, end).value));
}

}  // namespace

AddedTokens AddedTokens::from_json(const JsonCursor& json, const Vocabulary& vocabulary, const Normalizer* normalizer) {
  AddedTokens added;
  NextId next(vocabulary);
  for (std::size_t i = 0; i < json.as_array().size(); ++i) {
    const JsonCursor entry = json.at(i);
    AddedToken token = token_of(entry);
    const auto in_vocabulary = vocabulary.id_of(token.content);
    const std::int64_t expected = in_vocabulary.value_or(next.get());
    if (token.id != expected) {
      entry.fail(fmt::format("token {} has id {}, expected {}: {}", quoted(token.content), token.id, expected,
                             in_vocabulary ? "its id in the vocabulary" : "the next one after the vocabulary"));
    }
    if (!in_vocabulary && vocabulary.token(token.id)) {
      entry.fail(fmt::format("token {} has id {}, which the vocabulary gives to {}", quoted(token.content), token.id,
                             quoted(*vocabulary.token(token.id))));
    }
    next.saw(token.id);
    if (!added.by_content_.emplace(token.content, i).second) {
      entry.fail(fmt::format("token {} is added twice", quoted(token.content)));
    }
    added.by_id_.emplace(token.id, i);
    added.tokens_.push_back(std::move(token));
  }
  added.build_matchers(json, normalizer);
  return added;
}

void AddedTokens::build_matchers(const JsonCursor& json, const Normalizer* normalizer) {
  // Of tokens that are equal once normalized the special one wins, then the one that stands first.
  for (const bool special : {true, false}) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      AddedToken& token = tokens_[i];
      if (token.special != special) continue;
      std::string pattern = token.content;
      if (token.normalized && normalizer != nullptr) normalizer->normalize(pattern);
      if (pattern.empty() || pattern.size() > TokenMatcher::kMaxPatternBytes) {
        json.at(i).fail(fmt::format("token {} is {} bytes long once normalized, expected 1 to {}",
                                    quoted(token.content), pattern.size(), TokenMatcher::kMaxPatternBytes));
      }
      (token.normalized ? normalized_ : raw_).add(pattern);
      token.matched = std::move(pattern);
      (token.normalized ? normalized_tokens_ : raw_tokens_).push_back(i);
    }
  }
}

std::vector<AddedTokens::Segment> AddedTokens::split(std::string_view text, const TokenMatcher& matcher,
                                                     const std::vector<std::size_t>& of_pattern) const {
  std::vector<Segment> segments;
  std::size_t done = 0, from = 0;
  while (const auto match = matcher.find(text, from)) {
    from = match->end;
    const AddedToken& token = tokens_[of_pattern[match->pattern]];
    if (token.single_word && !stands_alone(text, match->begin, match->end)) continue;
    std::size_t begin = match->begin, end = match->end;
    // White space that the token before took already stays with that.
    if (token.lstrip) begin = std::max(begin - white_space_at_end(text.substr(0, begin)), done);
    if (token.rstrip) end += white_space_at_begin(text.substr(end));
    if (done < begin) segments.push_back({text.substr(done, begin - done), nullptr});
    segments.push_back({text.substr(begin, end - begin), &token});
    done = end;
  }
  if (done < text.size()) segments.push_back({text.substr(done), nullptr});
  return segments;
}

const AddedToken* AddedTokens::find(std::int64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &tokens_[found->second];
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = by_content_.find(std::string(content));
  return found == by_content_.end() ? nullptr : &tokens_[found->second];
}

}  // namespace kerf::text
