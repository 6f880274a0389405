#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kerf::text {

/// Ids of words seen before, for one thread at a time. Starts small, grows to 131,072 words or 8 MiB of them and
/// then starts again.
class WordCache {
 public:
  /// Longer words are not worth keeping.
  static constexpr std::size_t kMaxWordBytes = 255;

  WordCache() { clear(); }
  /// An empty span if the word is not there. Valid until the next insert.
  std::span<const std::int32_t> find(std::string_view word, std::uint64_t hash) const;
  /// `ids` is not empty; the word is not there yet and has at most kMaxWordBytes.
  void insert(std::string_view word, std::uint64_t hash, std::span<const std::int64_t> ids);

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t word_at = 0;
    std::uint32_t ids_at = 0;
    std::uint16_t word_bytes = 0;
    std::uint16_t ids = 0;  ///< 0: empty
  };
  void clear();
  void grow();

  std::vector<Slot> slots_;  ///< open addressing, a power of two, at most half full
  std::vector<std::uint64_t> hashes_;
  std::size_t count_ = 0;
  std::string words_;
  std::vector<std::int32_t> ids_;
};

/// Caches that outlive a call, so that the next one (on whatever thread) begins with a warm one.
class WordCachePool {
 public:
  std::unique_ptr<WordCache> take();
  void give_back(std::unique_ptr<WordCache> cache);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<WordCache>> caches_;
};

}  // namespace kerf::text
