// The unigram language model (Kudo 2018, arXiv:1804.10959): of all ways to cut a piece into tokens the one with the
// largest sum of scores.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/best_cut.h"
#include "text/byte_tokens.h"
#include "text/cached_words.h"
#include "text/library_number.h"
#include "text/model.h"
#include "text/pieces.h"
#include "text/token_trie.h"
#include "text/unicode.h"
#include "text/unknown_token.h"

namespace kerf::text {
namespace {

/// What encoding one text needs in memory; used again from piece to piece.
struct Scratch {
  BestCut<double>::Scratch cut;
  Span unknown;  ///< characters without a token, which are one token together
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
    const double worst = *std::min_element(scores_.begin(), scores_.end());
    best_cut_ = BestCut<double>(TokenTrie(entries), std::move(scores_), worst - kUnknownPenalty);
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

  /// Unknown characters wait until a known one follows.
  void encode_word(std::string_view word, Scratch& scratch, EncodedIds& out) const {
    Span& unknown = scratch.unknown = {};
    const auto append_waiting = [&] { append_unknown(word.substr(unknown.begin, unknown.end - unknown.begin), out); };
    const auto unknown_id = [&](std::string_view character) {
      return static_cast<std::int32_t>(unknown_.id_for(character));
    };
    best_cut_.run(word, scratch.cut, unknown_id, [&](Span place, std::int32_t id) {
      if (unknown_.id() && id == *unknown_.id()) {
        if (unknown.end != place.begin) unknown.begin = place.begin;
        unknown.end = place.end;
        return;
      }
      append_waiting();
      unknown = {place.end, place.end};
      out.ids.push_back(id);
    });
    append_waiting();
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

  std::vector<double> scores_;  ///< by id, while the vocabulary is read
  Vocabulary vocabulary_;
  UnknownToken unknown_;
  std::optional<ByteTokens> bytes_;
  BestCut<double> best_cut_;
  mutable WordCachePool caches_;
};

std::unique_ptr<Model> make(const JsonCursor& json) { return std::make_unique<Unigram>(json); }

}  // namespace

const ModelInfo& unigram_model() {
  static const ModelInfo info{"Unigram", "the cut with the best sum of scores", make};
  return info;
}

}  // namespace kerf::text
