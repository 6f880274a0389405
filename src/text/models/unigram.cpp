// The unigram language model (Kudo 2018, arXiv:1804.10959): of all ways to cut a piece into tokens the one with the
// largest sum of scores, found from left to right (Viterbi).

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/byte_tokens.h"
#include "text/cached_words.h"
#include "text/library_number.h"
#include "text/model.h"
#include "text/token_trie.h"
#include "text/unicode.h"
#include "text/unknown_token.h"

namespace kerf::text {
namespace {

/// A character without a token scores this much less than the worst token.
constexpr double kUnknownPenalty = 10.0;
constexpr std::uint32_t kUnreached = std::numeric_limits<std::uint32_t>::max();

/// The best way to reach a place in a word.
struct Step {
  double score = 0;                  ///< of all tokens up to here
  std::uint32_t begin = kUnreached;  ///< where the last of them begins
  std::int32_t id = 0;
};

/// What encoding one text needs in memory; used again from piece to piece.
struct Scratch {
  std::vector<Step> steps;               ///< by place, from `base` on
  std::vector<std::uint32_t> backwards;  ///< places on the best path, the last first
};

std::vector<std::string_view> pieces_of(const JsonCursor& list, std::vector<double>& scores) {
  const auto& entries = list.as_array();
  if (entries.empty()) list.fail("found no token, expected at least one");
  std::vector<std::string_view> tokens;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Json& entry = entries[i];
    if (!entry.is_array() || entry.as_array().size() != 2 || !entry.as_array()[0].is_string() ||
        !entry.as_array()[1].is_number()) {
      list.at(i).fail("expected a token and its score as [\"a\", -1.5]");
    }
    const double score = entry.as_array()[1].as_double();
    if (!std::isfinite(score)) list.at(i).fail("found a score that is not finite");
    tokens.emplace_back(entry.as_array()[0].as_string());
    scores.push_back(library_number(score));
  }
  return tokens;
}

class Unigram : public Model {
 public:
  explicit Unigram(const JsonCursor& json)
      : vocabulary_(Vocabulary::from_list(pieces_of(json.at("vocab"), scores_), json.at("vocab"))),
        unknown_(json, "unk_id", "", unknown_id(json, vocabulary_)) {
    expect_keys(json, {"vocab", "unk_id", "byte_fallback"});
    if (json.bool_or("byte_fallback", false)) bytes_.emplace(vocabulary_);
    std::vector<TokenTrie::Entry> entries;
    for (std::int64_t id = 0; id < vocabulary_.id_bound(); ++id) {
      entries.push_back({*vocabulary_.token(id), static_cast<std::int32_t>(id)});
    }
    trie_ = TokenTrie(entries);
    unknown_score_ = *std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty;
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  void encode(const Pieces& pieces, EncodedIds& out) const override {
    Scratch scratch;
    encode_words(pieces, caches_, out, [&](std::string_view word) { encode_word(word, scratch, out); });
  }

 private:
  static std::optional<std::int64_t> unknown_id(const JsonCursor& json, const Vocabulary& vocabulary) {
    const auto id = json.get("unk_id");
    return id ? std::optional(id->as_int64_in(0, vocabulary.id_bound() - 1)) : std::nullopt;
  }

  /// Where no token reaches beyond a place that one reaches, every path goes through it: what is before is settled and
  /// leaves the memory. (Scores go on from there, not from 0: that they are rounded in the same way matters in ties.)
  void encode_word(std::string_view word, Scratch& scratch, EncodedIds& out) const {
    auto& steps = scratch.steps;
    steps.assign(1, {});
    std::size_t base = 0, reach = 0;
    std::size_t unknown_begin = 0, unknown_end = 0;  // characters without a token, which are one token together
    for (std::size_t at = 0;;) {
      if (at == reach) {
        settle(word, base, at, scratch, unknown_begin, unknown_end, out);
        steps[0] = {.score = steps[at - base].score};
        steps.resize(1);
        base = at;
      }
      if (at == word.size()) break;
      const std::size_t character = code_point_at(word, at).bytes;
      reach = std::max(reach, extend(word, at, character, base, steps));
      at += character;
    }
    append_unknown(word.substr(unknown_begin, unknown_end - unknown_begin), out);
  }

  /// Tries all tokens that begin at `at`; returns the furthest end.
  std::size_t extend(std::string_view word, std::size_t at, std::size_t character, std::size_t base,
                     std::vector<Step>& steps) const {
    const double score = steps[at - base].score;
    std::size_t reach = at + character;
    const auto offer = [&](std::size_t end, std::int32_t id, double token_score) {
      if (steps.size() <= end - base) steps.resize(end - base + 1);
      Step& step = steps[end - base];
      const double sum = token_score + score;
      if (step.begin != kUnreached && !(sum > step.score)) return;
      step = {sum, static_cast<std::uint32_t>(at), id < 0 ? unknown_for(word.substr(at, character)) : id};
    };
    bool has_character = false;
    trie_.find_prefixes(word.substr(at), [&](std::size_t bytes, std::int32_t id) {
      offer(at + bytes, id, scores_[static_cast<std::size_t>(id)]);
      has_character = has_character || bytes == character;
      reach = std::max(reach, at + bytes);
    });
    if (!has_character) offer(at + character, -1, unknown_score_);
    return reach;
  }

  std::int32_t unknown_for(std::string_view character) const {
    return static_cast<std::int32_t>(unknown_.id_for(character));
  }

  /// Appends the tokens of the best path from `base` to `end`; unknown characters wait until a known one follows.
  void settle(std::string_view word, std::size_t base, std::size_t end, Scratch& scratch, std::size_t& unknown_begin,
              std::size_t& unknown_end, EncodedIds& out) const {
    auto& backwards = scratch.backwards;
    backwards.clear();
    for (std::size_t at = end; at > base; at = scratch.steps[at - base].begin) {
      backwards.push_back(static_cast<std::uint32_t>(at));
    }
    for (auto place = backwards.rbegin(); place != backwards.rend(); ++place) {
      const Step& step = scratch.steps[*place - base];
      if (unknown_.id() && step.id == *unknown_.id()) {
        if (unknown_end != step.begin) unknown_begin = step.begin;
        unknown_end = *place;
        continue;
      }
      if (unknown_end > unknown_begin) append_unknown(word.substr(unknown_begin, unknown_end - unknown_begin), out);
      unknown_begin = unknown_end = *place;
      out.ids.push_back(step.id);
    }
  }

  /// A run of unknown characters may be a token of its own that the best path does not use.
  void append_unknown(std::string_view run, EncodedIds& out) const {
    if (run.empty()) return;
    if (const auto id = vocabulary_.id_of(run)) {
      out.ids.push_back(*id);
    } else if (!bytes_ || !bytes_->append(run, out.ids)) {
      out.unknown += static_cast<std::int64_t>(count_code_points(run));
      out.ids.push_back(unknown_.id_for(run));
    }
  }

  std::vector<double> scores_;  ///< by id
  Vocabulary vocabulary_;
  UnknownToken unknown_;
  std::optional<ByteTokens> bytes_;
  TokenTrie trie_;
  double unknown_score_ = 0;
  mutable WordCachePool caches_;
};

std::unique_ptr<Model> make(const JsonCursor& json) { return std::make_unique<Unigram>(json); }

}  // namespace

const ModelInfo& unigram_model() {
  static const ModelInfo info{"Unigram", "the cut with the best sum of scores", make};
  return info;
}

}  // namespace kerf::text
