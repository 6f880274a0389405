#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "text/pieces.h"
#include "text/token_trie.h"
#include "text/unicode.h"

namespace kerf::text {

/// A character that is no token scores this much less than the worst token.
inline constexpr double kUnknownPenalty = 10.0;

/// The cut of a text into tokens with the best sum of scores (Kudo 2018, arXiv:1804.10959), by Viterbi's algorithm; of
/// equally good ones that whose last token is longer. `Score` is the type that sums are kept in: how they are rounded
/// matters in ties. Const and thread-safe.
template <typename Score>
class BestCut {
 public:
  BestCut() = default;
  /// `scores` by the trie's ids; `unknown_score` of a character that is no token.
  BestCut(TokenTrie trie, std::vector<double> scores, double unknown_score)
      : trie_(std::move(trie)), scores_(std::move(scores)), unknown_score_(unknown_score) {}

  /// What cutting needs in memory; used again from text to text, by one thread.
  class Scratch {
    friend class BestCut;
    struct Step {
      Score score = 0;                   ///< of all tokens up to here
      std::uint32_t begin = kUnreached;  ///< where the last of them begins
      std::int32_t id = 0;
    };
    std::vector<Step> steps_;               ///< the best way to reach a place, from `base` on
    std::vector<std::uint32_t> backwards_;  ///< places on the best path, the last first
  };

  /// Calls on_token(span, id) for the tokens of the text in order; a character that is no token has the id that
  /// unknown_id(character) gives.
  ///
  /// Where no token reaches beyond a place that one reaches, every path goes through it: what is before is settled and
  /// leaves the memory. (Scores go on from there, not from 0: they are rounded as if it had stayed.)
  template <typename UnknownId, typename OnToken>
  void run(std::string_view text, Scratch& scratch, UnknownId unknown_id, OnToken on_token) const {
    auto& steps = scratch.steps_;
    steps.assign(1, {});
    std::size_t base = 0, reach = 0;
    for (std::size_t at = 0;;) {
      if (at == reach) {
        settle(base, at, scratch, on_token);
        steps[0] = {.score = steps[at - base].score};
        steps.resize(1);
        base = at;
      }
      if (at == text.size()) return;
      const std::size_t character = code_point_at(text, at).bytes;
      reach = std::max(reach, extend(text, at, character, base, scratch, unknown_id));
      at += character;
    }
  }

 private:
  static constexpr std::uint32_t kUnreached = std::numeric_limits<std::uint32_t>::max();

  /// Tries all tokens that begin at `at`; returns the furthest end.
  template <typename UnknownId>
  std::size_t extend(std::string_view text, std::size_t at, std::size_t character, std::size_t base, Scratch& scratch,
                     UnknownId unknown_id) const {
    auto& steps = scratch.steps_;
    const Score score = steps[at - base].score;
    std::size_t reach = at + character;
    /// nullptr: another way to this place is as good.
    const auto offer = [&](std::size_t end, double sum) -> typename Scratch::Step* {
      if (steps.size() <= end - base) steps.resize(end - base + 1);
      auto& step = steps[end - base];
      if (step.begin != kUnreached && !(sum > step.score)) return nullptr;
      step = {static_cast<Score>(sum), static_cast<std::uint32_t>(at)};
      return &step;
    };
    bool has_character = false;
    trie_.find_prefixes(text.substr(at), [&](std::size_t bytes, std::int32_t id) {
      if (auto* step = offer(at + bytes, scores_[static_cast<std::size_t>(id)] + score)) step->id = id;
      has_character = has_character || bytes == character;
      reach = std::max(reach, at + bytes);
    });
    if (has_character) return reach;
    // Rounded before it is compared, unlike those above: so does the reference implementation.
    if (auto* step = offer(at + character, static_cast<Score>(unknown_score_ + score))) {
      step->id = unknown_id(text.substr(at, character));
    }
    return reach;
  }

  /// Tells the tokens of the best path from `base` to `end`.
  template <typename OnToken>
  static void settle(std::size_t base, std::size_t end, Scratch& scratch, OnToken& on_token) {
    auto& backwards = scratch.backwards_;
    backwards.clear();
    for (std::size_t at = end; at > base; at = scratch.steps_[at - base].begin) {
      backwards.push_back(static_cast<std::uint32_t>(at));
    }
    for (auto place = backwards.rbegin(); place != backwards.rend(); ++place) {
      const auto& step = scratch.steps_[*place - base];
      on_token(Span{step.begin, *place}, step.id);
    }
  }

  TokenTrie trie_;
  std::vector<double> scores_;
  double unknown_score_ = 0;
};

}  // namespace kerf::text
