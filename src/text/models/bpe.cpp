// Byte-pair encoding (Sennrich, Haddow & Birch 2016, arXiv:1508.07909), as Hugging Face's tokenizers apply it: the
// characters of a piece, each its own token at first, are merged by rank.

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "text/hash.h"
#include "text/merge_table.h"
#include "text/model.h"
#include "text/pair_merger.h"
#include "text/unicode.h"
#include "text/word_cache.h"

namespace kerf::text {
namespace {

/// Characters below this have a table of their own: the alphabet of byte-level tokenizers is among them.
constexpr char32_t kTableCharacters = 0x180;

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
};

class Bpe : public Model {
 public:
  explicit Bpe(const JsonCursor& json)
      : vocabulary_(Vocabulary::from_json(json.at("vocab"))),
        unknown_token_(json.string_or("unk_token", "")),
        has_unknown_(json.has("unk_token")),
        fuse_unknown_(json.bool_or("fuse_unk", false)),
        ignore_merges_(json.bool_or("ignore_merges", false)),
        file_(json.file()),
        place_(json.path()) {
    expect_keys(json, {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                       "byte_fallback", "ignore_merges", "vocab", "merges"});
    refuse_unsupported(json);
    if (has_unknown_) unknown_id_ = vocabulary_.id_of(unknown_token_);
    if (json.bool_or("byte_fallback", false)) find_byte_tokens();
    read_merges(json.at("merges"));
    for (char32_t c = 0; c < kTableCharacters; ++c) {
      std::string text;
      append_utf8(text, c);
      characters_[c] = id_or_none(text);
    }
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

  void encode(const Pieces& pieces, EncodedIds& out) const override {
    auto cache = caches_.take();
    Scratch scratch;
    out.ids.reserve(out.ids.size() + pieces.spans.size());
    for (const Span span : pieces.spans) {
      const std::string_view word = pieces.view(span);
      const std::uint64_t hash = hash_bytes(word);
      const bool may_keep = word.size() <= WordCache::kMaxWordBytes;
      if (const auto ids = may_keep ? cache->find(word, hash) : std::span<const std::int32_t>(); !ids.empty()) {
        out.ids.insert(out.ids.end(), ids.begin(), ids.end());
        continue;
      }
      const std::size_t begin = out.ids.size();
      const std::int64_t unknown = out.unknown;
      encode_word(word, scratch, out);
      if (may_keep && out.unknown == unknown && out.ids.size() > begin) {
        cache->insert(word, hash, std::span(out.ids).subspan(begin));
      }
    }
    caches_.give_back(std::move(cache));
  }

 private:
  static void refuse_unsupported(const JsonCursor& json) {
    if (const auto dropout = json.get("dropout"); dropout && dropout->as_double() != 0) {
      dropout->fail("found merges that are dropped at random, expected null: ids would differ from run to run");
    }
    for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const auto affix = json.get(key);
      if (affix && !affix->as_string().empty()) {
        affix->fail(fmt::format("found {}, expected null or an empty string: affixes of subwords are not supported",
                                quoted(affix->as_string())));
      }
    }
  }

  std::int32_t id_or_none(std::string_view token) const {
    return static_cast<std::int32_t>(vocabulary_.id_of(token).value_or(-1));
  }

  void find_byte_tokens() {
    byte_tokens_.emplace();
    for (std::size_t byte = 0; byte < 256; ++byte) (*byte_tokens_)[byte] = id_or_none(fmt::format("<0x{:02X}>", byte));
  }

  void read_merges(const JsonCursor& json) {
    const auto& list = json.as_array();
    merges_ = MergeTable(list.size());
    std::string joined;
    std::uint32_t rank = 0;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (is_version_line(list[i])) continue;
      const MergeParts parts = parts_of(json, i);
      joined.assign(parts.left).append(parts.right);
      const auto id_in_vocabulary = [&](std::string_view token) {
        const std::int32_t id = id_or_none(token);
        if (id < 0) json.at(i).fail(fmt::format("token {} is not in the vocabulary", quoted(token)));
        return id;
      };
      if (parts.left.empty() || parts.right.empty()) json.at(i).fail("found a merge with nothing, expected two tokens");
      const std::int32_t left = id_in_vocabulary(parts.left), right = id_in_vocabulary(parts.right);
      merges_.set(left, right, {rank++, id_in_vocabulary(joined)});
    }
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
    append_symbols(word, scratch.symbols, out.unknown);
    scratch.merger.merge(merges_, scratch.symbols);
    out.ids.insert(out.ids.end(), scratch.symbols.begin(), scratch.symbols.end());
  }

  /// The characters of a word as ids. An unknown token waits until a known character follows (so that more of them can
  /// be fused with it); tokens of bytes overtake it. This is the order of the reference implementation.
  void append_symbols(std::string_view word, std::vector<std::int32_t>& symbols, std::int64_t& unknown) const {
    bool waiting = false;
    for (std::size_t at = 0; at < word.size();) {
      const CodePoint c = code_point_at(word, at);
      const std::string_view character = word.substr(at, c.bytes);
      at += c.bytes;
      const std::int32_t id = id_of_character(character, c.value);
      if (id >= 0) {
        if (waiting) symbols.push_back(static_cast<std::int32_t>(*unknown_id_));
        waiting = false;
        symbols.push_back(id);
      } else if (!append_byte_tokens(character, symbols)) {
        ++unknown;
        if (!has_unknown_) continue;
        if (!unknown_id_) fail_unknown(character);
        if (waiting && !fuse_unknown_) symbols.push_back(static_cast<std::int32_t>(*unknown_id_));
        waiting = true;
      }
    }
    if (waiting) symbols.push_back(static_cast<std::int32_t>(*unknown_id_));
  }

  bool append_byte_tokens(std::string_view character, std::vector<std::int32_t>& symbols) const {
    if (!byte_tokens_) return false;
    const auto token = [this](char c) { return (*byte_tokens_)[static_cast<unsigned char>(c)]; };
    if (std::any_of(character.begin(), character.end(), [&](char c) { return token(c) < 0; })) return false;
    for (const char c : character) symbols.push_back(token(c));
    return true;
  }

  [[noreturn]] void fail_unknown(std::string_view character) const {
    throw_input(file_, place_ + ".unk_token",
                fmt::format("the text has the character {}, which the vocabulary does not have, nor has it the unknown "
                            "token {}",
                            quoted(character), quoted(unknown_token_)));
  }

  Vocabulary vocabulary_;
  MergeTable merges_;
  std::array<std::int32_t, kTableCharacters> characters_{};
  std::string unknown_token_;
  bool has_unknown_;
  bool fuse_unknown_, ignore_merges_;
  std::optional<std::int64_t> unknown_id_;
  std::optional<std::array<std::int32_t, 256>> byte_tokens_;
  std::string file_, place_;
  mutable WordCachePool caches_;
};

std::unique_ptr<Model> make(const JsonCursor& json) { return std::make_unique<Bpe>(json); }

}  // namespace

const ModelInfo& bpe_model() {
  static const ModelInfo info{"BPE", "byte-pair encoding", make};
  return info;
}

}  // namespace kerf::text
