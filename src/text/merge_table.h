#pragma once

#include <cstdint>
#include <vector>

namespace kerf::text {

/// The merges of a byte-pair encoding: for a pair of ids its rank (lower goes first) and the id that it becomes.
class MergeTable {
 public:
  struct Merge {
    std::uint32_t rank = 0;
    std::int32_t id = -1;  ///< -1: the pair does not merge
  };

  MergeTable() : MergeTable(0) {}
  /// Room for `count` merges.
  explicit MergeTable(std::size_t count);
  /// The last merge given for a pair counts.
  void set(std::int32_t left, std::int32_t right, Merge merge);
  Merge find(std::int32_t left, std::int32_t right) const {
    const std::uint64_t key = key_of(left, right);
    std::size_t at = slot_of(key);
    while (slots_[at].key != key) {
      if (slots_[at].key == kEmpty) return {};
      at = (at + 1) & mask_;
    }
    return slots_[at].merge;
  }

 private:
  struct Slot {
    std::uint64_t key = kEmpty;
    Merge merge;
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  static std::uint64_t key_of(std::int32_t left, std::int32_t right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
  }
  /// Fibonacci hashing: the high bits of a product spread neighbouring ids.
  std::size_t slot_of(std::uint64_t key) const { return ((key ^ key >> 29) * 0x9E3779B97F4A7C15) >> shift_; }

  std::vector<Slot> slots_;  ///< open addressing, at most half full
  std::size_t mask_ = 0;
  int shift_ = 0;
};

}  // namespace kerf::text
