// Byte-pair encoding (Sennrich, Haddow & Birch 2016, arXiv:1508.07909), as Hugging Face's tokenizers apply it: the
// characters of a piece, each its own token at first, are merged by rank.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/strings.h"
#include "text/byte_tokens.h"
#include "text/cached_words.h"
#include "text/merge_table.h"
#include "text/model.h"
#include "text/pair_merger.h"
#include "text/unicode.h"
#include "text/unknown_token.h"

namespace kerf::text {
namespace {

/// Characters below this have a table of their own: the alphabet of byte-level tokenizers is among them.
constexpr char32_t kTableCharacters = 0x180;
/// Affixes are added to every character.
constexpr std::size_t kMaxAffixBytes = 64;

struct MergeParts {
  std::string_view left, right;
};

MergeParts parts_of(const JsonCursor& merges, std::size_t index) {
  const Json& merge = merges.json().as_array()[index];
  if (merge.is_string()) {
    const std::string_view text = merge.as_string();
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
      merges.at(index).fail(fmt::format("found {}, expected two tokens with one space between them", quoted(text)));
    }
    return {text.substr(0, space), text.substr(space + 1)};
  }
  if (!merge.is_array() || merge.as_array().size() != 2 || !merge.as_array()[0].is_string() ||
      !merge.as_array()[1].is_string()) {
    merges.at(index).fail("expected a merge as \"a b\" or [\"a\", \"b\"]");
  }
  return {merge.as_array()[0].as_string(), merge.as_array()[1].as_string()};
}

bool is_version_line(const Json& merge) { return merge.is_string() && starts_with(merge.as_string(), "#version"); }

/// What encoding one text needs in memory; used again from piece to piece.
struct Scratch {
  std::vector<std::int32_t> symbols;
  PairMerger merger;
  std::string affixed;
};

class Bpe : public Model {
 public:
  explicit Bpe(const JsonCursor& json)
      : vocabulary_(Vocabulary::from_json(json.at("vocab"))),
        has_unknown_(json.has("unk_token")),
        unknown_(json, vocabulary_, json.string_or("unk_token", "")),
        fuse_unknown_(json.bool_or("fuse_unk", false)),
        ignore_merges_(json.bool_or("ignore_merges", false)),
        prefix_(json.string_or("continuing_subword_prefix", "")),
        suffix_(json.string_or("end_of_word_suffix", "")) {
    expect_keys(json, {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                       "byte_fallback", "ignore_merges", "vocab", "merges"});
    check_options(json);
    if (json.bool_or("byte_fallback", false)) bytes_.emplace(vocabulary_);
    read_merges(json.at("merges"));
    for (char32_t c = 0; c < kTableCharacters; ++c) {
      std::string text;
      append_utf8(text, c);
      characters_[c] = id_or_none(text);
    }
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  void encode(const Pieces& pieces, EncodedIds& out) const override {
    Scratch scratch;
    encode_words(pieces, caches_, out, [&](std::string_view word) { encode_word(word, scratch, out); });
  }

 private:
  void check_options(const JsonCursor& json) const {
    if (const auto dropout = json.get("dropout"); dropout && dropout->as_double() != 0) {
      dropout->fail("found merges that are dropped at random, expected null: ids would differ from run to run");
    }
    for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const auto affix = json.get(key);
      if (affix && affix->as_string().size() > kMaxAffixBytes) {
        affix->fail(fmt::format("found {} bytes, expected at most {}", affix->as_string().size(), kMaxAffixBytes));
      }
    }
  }

  std::int32_t id_or_none(std::string_view token) const {
    return static_cast<std::int32_t>(vocabulary_.id_of(token).value_or(-1));
  }

  void read_merges(const JsonCursor& json) {
    const auto& list = json.as_array();
    merges_ = MergeTable(list.size());
    std::string joined;
    std::uint32_t rank = 0;
    std::int32_t merged = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (is_version_line(list[i])) continue;
      const MergeParts parts = checked_parts(json, i);
      // As the reference implementation does it: whatever stands where the prefix should.
      joined.assign(parts.left).append(parts.right.substr(prefix_.size()));
      const std::int32_t left = part_id(json, i, parts.left), right = part_id(json, i, parts.right);
      // Vocabularies grow with their merges: the next token mostly has the next id.
      merged = part_id(json, i, joined, merged + 1);
      merges_.set(left, right, {rank++, merged});
    }
  }

  MergeParts checked_parts(const JsonCursor& merges, std::size_t i) const {
    const MergeParts parts = parts_of(merges, i);
    if (parts.left.empty() || parts.right.empty()) merges.at(i).fail("found a merge with nothing, expected two tokens");
    if (parts.right.size() < prefix_.size()) {
      merges.at(i).fail(fmt::format("token {} is shorter than continuing_subword_prefix", quoted(parts.right)));
    }
    return parts;
  }

  std::int32_t part_id(const JsonCursor& merges, std::size_t i, std::string_view token, std::int64_t guess = -1) const {
    const auto id = vocabulary_.id_of(token, guess);
    if (!id) merges.at(i).fail(fmt::format("token {} is not in the vocabulary", quoted(token)));
    return static_cast<std::int32_t>(*id);
  }

  std::int32_t id_of_character(std::string_view character, char32_t code_point) const {
    return code_point < kTableCharacters ? characters_[code_point] : id_or_none(character);
  }

  void encode_word(std::string_view word, Scratch& scratch, EncodedIds& out) const {
    if (ignore_merges_) {
      if (const auto id = vocabulary_.id_of(word)) {
        out.ids.push_back(*id);
        return;
      }
    }
    scratch.symbols.clear();
    append_symbols(word, scratch, out.unknown);
    scratch.merger.merge(merges_, scratch.symbols);
    out.ids.insert(out.ids.end(), scratch.symbols.begin(), scratch.symbols.end());
  }

  /// The id of a character with the affixes that its place in the word asks for; `symbol` is then their text.
  std::int32_t id_of_symbol(std::string_view character, char32_t code_point, bool is_first, bool is_last,
                            std::string& affixed, std::string_view& symbol) const {
    symbol = character;
    const bool has_prefix = !is_first && !prefix_.empty(), has_suffix = is_last && !suffix_.empty();
    if (!has_prefix && !has_suffix) return id_of_character(character, code_point);
    affixed.assign(has_prefix ? prefix_ : "").append(character).append(has_suffix ? suffix_ : "");
    symbol = affixed;
    return id_or_none(symbol);
  }

  /// The characters of a word as ids. An unknown token waits until a known character follows (so that more of them can
  /// be fused with it); tokens of bytes overtake it. This is the order of the reference implementation.
  void append_symbols(std::string_view word, Scratch& scratch, std::int64_t& unknown) const {
    auto& symbols = scratch.symbols;
    bool waiting = false;
    for (std::size_t at = 0; at < word.size();) {
      const CodePoint c = code_point_at(word, at);
      const bool is_first = at == 0, is_last = at + c.bytes == word.size();
      std::string_view symbol;
      const std::int32_t id =
          id_of_symbol(word.substr(at, c.bytes), c.value, is_first, is_last, scratch.affixed, symbol);
      at += c.bytes;
      if (id >= 0) {
        if (waiting) symbols.push_back(static_cast<std::int32_t>(*unknown_.id()));
        waiting = false;
        symbols.push_back(id);
      } else if (!bytes_ || !bytes_->append(symbol, symbols)) {
        ++unknown;
        if (!has_unknown_) continue;
        const auto unknown_id = static_cast<std::int32_t>(unknown_.id_for(symbol));
        if (waiting && !fuse_unknown_) symbols.push_back(unknown_id);
        waiting = true;
      }
    }
    if (waiting) symbols.push_back(static_cast<std::int32_t>(*unknown_.id()));
  }

  Vocabulary vocabulary_;
  MergeTable merges_;
  std::array<std::int32_t, kTableCharacters> characters_{};
  bool has_unknown_;  ///< false: unknown characters are left out
  UnknownToken unknown_;
  bool fuse_unknown_, ignore_merges_;
  std::string prefix_;  ///< of every character of a word but the first
  std::string suffix_;  ///< of the last
  std::optional<ByteTokens> bytes_;
  mutable WordCachePool caches_;
};

std::unique_ptr<Model> make(const JsonCursor& json) { return std::make_unique<Bpe>(json); }

}  // namespace

const ModelInfo& bpe_model() {
  static const ModelInfo info{"BPE", "byte-pair encoding", make};
  return info;
}

}  // namespace kerf::text
