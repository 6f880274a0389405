#pragma once

#include <cstdint>
#include <vector>

#include "text/merge_table.h"

namespace kerf::text {

/// Applies the merges of a byte-pair encoding to one word: again and again the pair with the lowest rank, the leftmost
/// of several (Sennrich, Haddow & Birch 2016, arXiv:1508.07909, algorithm 1). Holds memory that it uses again for the
/// next word; for one thread.
class PairMerger {
 public:
  /// `symbols`: ids of the word's characters; afterwards of its tokens.
  void merge(const MergeTable& merges, std::vector<std::int32_t>& symbols);

 private:
  void merge_short(const MergeTable& merges, std::vector<std::int32_t>& symbols);
  void merge_long(const MergeTable& merges, std::vector<std::int32_t>& symbols);

  struct Candidate {
    std::uint32_t rank = 0;
    std::uint32_t position = 0;
    std::int32_t left = 0, right = 0, id = 0;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  void push_candidate(const MergeTable& merges, const std::vector<std::int32_t>& symbols, std::uint32_t position);

  std::vector<MergeTable::Merge> pairs_;
  std::vector<Candidate> heap_;
  std::vector<std::uint32_t> next_, previous_;
};

}  // namespace kerf::text
