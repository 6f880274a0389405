#include "text/pair_merger.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace kerf::text {
namespace {

/// Up to this many symbols, looking through all pairs is faster than keeping them in order.
constexpr std::size_t kShort = 64;
constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr std::int32_t kRemoved = -1;

MergeTable::Merge pair_at(const MergeTable& merges, const std::vector<std::int32_t>& symbols, std::size_t at) {
  MergeTable::Merge merge = merges.find(symbols[at], symbols[at + 1]);
  if (merge.id < 0) merge.rank = kNone;
  return merge;
}

}  // namespace

void PairMerger::merge(const MergeTable& merges, std::vector<std::int32_t>& symbols) {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kShort) {
    merge_short(merges, symbols);
  } else {
    merge_long(merges, symbols);
  }
}

void PairMerger::merge_short(const MergeTable& merges, std::vector<std::int32_t>& symbols) {
  pairs_.clear();
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) pairs_.push_back(pair_at(merges, symbols, i));
  while (!pairs_.empty()) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < pairs_.size(); ++i) {
      if (pairs_[i].rank < pairs_[best].rank) best = i;
    }
    if (pairs_[best].id < 0) return;
    symbols[best] = pairs_[best].id;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(best));
    if (best > 0) pairs_[best - 1] = pair_at(merges, symbols, best - 1);
    if (best < pairs_.size()) pairs_[best] = pair_at(merges, symbols, best);
  }
}

void PairMerger::push_candidate(const MergeTable& merges, const std::vector<std::int32_t>& symbols,
                                std::uint32_t position) {
  const std::uint32_t after = next_[position];
  if (after == kNone) return;
  const auto merge = merges.find(symbols[position], symbols[after]);
  if (merge.id < 0) return;
  heap_.push_back({merge.rank, position, symbols[position], symbols[after], merge.id});
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

void PairMerger::merge_long(const MergeTable& merges, std::vector<std::int32_t>& symbols) {
  const auto count = static_cast<std::uint32_t>(symbols.size());
  next_.resize(count);
  previous_.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    next_[i] = i + 1 < count ? i + 1 : kNone;
    previous_[i] = i > 0 ? i - 1 : kNone;
  }
  heap_.clear();
  for (std::uint32_t i = 0; i < count; ++i) push_candidate(merges, symbols, i);
  while (!heap_.empty()) {
    const Candidate top = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    const std::uint32_t after = next_[top.position];
    // Has one of the two been merged with another since?
    if (symbols[top.position] != top.left || after == kNone || symbols[after] != top.right) continue;
    symbols[top.position] = top.id;
    symbols[after] = kRemoved;
    next_[top.position] = next_[after];
    if (next_[after] != kNone) previous_[next_[after]] = top.position;
    if (previous_[top.position] != kNone) push_candidate(merges, symbols, previous_[top.position]);
    push_candidate(merges, symbols, top.position);
  }
  std::erase(symbols, kRemoved);
}

}  // namespace kerf::text
