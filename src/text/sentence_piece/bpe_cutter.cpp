// Byte-pair encoding as SentencePiece does it: neighbours are looked up by the text that they are together, so that
// what has no piece itself may be a part of one. Pieces that are unused take part and are taken apart again at the end.

#include <limits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/cached_words.h"
#include "text/sentence_piece/piece_cutter.h"
#include "text/sentence_piece/word_division.h"

namespace kerf::text {
namespace {

using Type = PieceTable::Type;

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// Merges one word. Holds memory that it uses again for the next one; for one thread.
class PieceMerger {
 public:
  PieceMerger(const PieceTable& table, std::size_t longest_piece) : table_(table), longest_piece_(longest_piece) {}

  void merge(std::string_view word, PieceSink& sink) {
    word_ = word;
    parts_.clear();
    candidates_.clear();
    divide();
    for (std::uint32_t i = 0; i < symbols_.size(); ++i) offer(i);
    while (!candidates_.empty()) apply(pop());
    for (std::uint32_t i = 0; i != kNone; i = symbols_[i].next) append(text_of(symbols_[i]), sink);
  }

 private:
  struct Symbol {
    std::uint32_t begin = 0, bytes = 0;  ///< no bytes: merged with one before
    std::uint32_t previous = kNone, next = kNone;
    bool is_user_defined = false;  ///< and never merged
  };
  /// Two neighbours that are a piece together.
  struct Candidate {
    float score = 0;
    std::uint32_t left = 0, right = 0;
    std::uint32_t bytes = 0;
    bool operator<(const Candidate& other) const {
      return score != other.score ? score < other.score : left > other.left;
    }
  };

  std::string_view text_of(const Symbol& symbol) const { return word_.substr(symbol.begin, symbol.bytes); }

  void divide() {
    symbols_.clear();
    for (std::size_t at = 0; at < word_.size();) {
      const std::string_view rest = word_.substr(at);
      const auto index = static_cast<std::uint32_t>(symbols_.size());
      symbols_.push_back({.begin = static_cast<std::uint32_t>(at),
                          .bytes = static_cast<std::uint32_t>(table_.symbol_bytes(rest)),
                          .previous = index > 0 ? index - 1 : kNone,
                          .next = index + 1,
                          .is_user_defined = table_.user_defined_prefix(rest) > 0});
      at += symbols_.back().bytes;
    }
    symbols_.back().next = kNone;
  }

  void offer(std::uint32_t left_index) {
    if (left_index == kNone || symbols_[left_index].next == kNone) return;
    const Symbol& left = symbols_[left_index];
    const Symbol& right = symbols_[left.next];
    if (left.is_user_defined || right.is_user_defined || left.bytes + right.bytes > longest_piece_) return;
    const std::string_view both = word_.substr(left.begin, left.bytes + right.bytes);
    const std::int32_t id = table_.text_id(both);
    if (id < 0) return;
    candidates_.push_back({table_.piece(id).score, left_index, left.next, left.bytes + right.bytes});
    std::push_heap(candidates_.begin(), candidates_.end());
    if (table_.piece(id).type == Type::kUnused) parts_[both] = {text_of(left), text_of(right)};
  }

  Candidate pop() {
    const Candidate best = candidates_.front();
    std::pop_heap(candidates_.begin(), candidates_.end());
    candidates_.pop_back();
    return best;
  }

  void apply(const Candidate& best) {
    Symbol& left = symbols_[best.left];
    Symbol& right = symbols_[best.right];
    // Has one of the two been merged with another since?
    if (left.bytes == 0 || right.bytes == 0 || left.bytes + right.bytes != best.bytes) return;
    left.bytes = best.bytes;
    left.next = right.next;
    if (right.next != kNone) symbols_[right.next].previous = best.left;
    right.bytes = 0;
    offer(left.previous);
    offer(best.left);
  }

  /// An unused piece becomes what it was merged from last, wherever in the word that was.
  void append(std::string_view text, PieceSink& sink) {
    waiting_.assign(1, text);
    while (!waiting_.empty()) {
      const std::string_view part = waiting_.back();
      waiting_.pop_back();
      const std::int32_t id = table_.id_of(part);
      const auto parts = table_.piece(id).type == Type::kUnused ? parts_.find(part) : parts_.end();
      if (parts == parts_.end()) {
        sink.append(id, part);
      } else {
        waiting_.push_back(parts->second.second);
        waiting_.push_back(parts->second.first);
      }
    }
  }

  const PieceTable& table_;
  std::size_t longest_piece_;  ///< bytes
  std::string_view word_;
  std::vector<Symbol> symbols_;
  std::vector<Candidate> candidates_;                                                          ///< a heap
  std::unordered_map<std::string_view, std::pair<std::string_view, std::string_view>> parts_;  ///< of unused pieces
  std::vector<std::string_view> waiting_;
};

class BpeCutter : public PieceCutter {
 public:
  explicit BpeCutter(const PieceTable& table) : table_(table), words_(table) {
    for (std::int32_t id = 0; id < table.count(); ++id) {
      if (!table.is_text(id)) continue;
      longest_piece_ = std::max(longest_piece_, table.piece(id).text.size());
      has_unused_ = has_unused_ || table.piece(id).type == Type::kUnused;
    }
  }

  void cut(std::string normalized, PieceSink& sink) const override {
    Pieces words;
    words.text = std::move(normalized);
    if (words.text.empty()) return;
    words.spans = {{0, static_cast<std::uint32_t>(words.text.size())}};
    // How an unused piece is taken apart depends on the whole text.
    if (!has_unused_) words.spans = words_.divide(words.text);
    PieceMerger merger(table_, longest_piece_);
    encode_words(words, caches_, sink.out(), [&](std::string_view word) { merger.merge(word, sink); });
  }

 private:
  const PieceTable& table_;
  WordDivision words_;
  std::size_t longest_piece_ = 0;  ///< bytes
  bool has_unused_ = false;
  mutable WordCachePool caches_;
};

}  // namespace

std::unique_ptr<PieceCutter> make_bpe_cutter(const PieceTable& table) { return std::make_unique<BpeCutter>(table); }

}  // namespace kerf::text
