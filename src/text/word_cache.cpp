#include "text/word_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace kerf::text {
namespace {

constexpr std::size_t kFirstSlots = 1024;
constexpr std::size_t kMaxSlots = std::size_t{1} << 18;
constexpr std::size_t kMaxWordsBytes = std::size_t{8} << 20;

}  // namespace

std::span<const std::int32_t> WordCache::find(std::string_view word, std::uint64_t hash) const {
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].ids != 0; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.tag == tag && slot.word_bytes == word.size() &&
        std::memcmp(words_.data() + slot.word_at, word.data(), word.size()) == 0) {
      return {ids_.data() + slot.ids_at, slot.ids};
    }
  }
  return {};
}

void WordCache::insert(std::string_view word, std::uint64_t hash, std::span<const std::int64_t> ids) {
  if (words_.size() + word.size() > kMaxWordsBytes) clear();
  if ((count_ + 1) * 2 > slots_.size()) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].ids != 0) at = (at + 1) & mask;
  slots_[at] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(words_.size()),
                static_cast<std::uint32_t>(ids_.size()), static_cast<std::uint16_t>(word.size()),
                static_cast<std::uint16_t>(ids.size())};
  hashes_[at] = hash;
  words_ += word;
  for (const std::int64_t id : ids) ids_.push_back(static_cast<std::int32_t>(id));
  ++count_;
}

void WordCache::clear() {
  slots_.assign(kFirstSlots, {});
  hashes_.assign(kFirstSlots, 0);
  count_ = 0;
  words_.clear();
  ids_.clear();
}

void WordCache::grow() {
  if (slots_.size() == kMaxSlots) return clear();
  const std::size_t size = slots_.size() * 2;
  std::vector<Slot> slots(size);
  std::vector<std::uint64_t> hashes(size);
  for (std::size_t from = 0; from < slots_.size(); ++from) {
    if (slots_[from].ids == 0) continue;
    std::size_t at = hashes_[from] & (size - 1);
    while (slots[at].ids != 0) at = (at + 1) & (size - 1);
    slots[at] = slots_[from];
    hashes[at] = hashes_[from];
  }
  slots_ = std::move(slots);
  hashes_ = std::move(hashes);
}

std::unique_ptr<WordCache> WordCachePool::take() {
  const std::lock_guard lock(mutex_);
  if (caches_.empty()) return std::make_unique<WordCache>();
  auto cache = std::move(caches_.back());
  caches_.pop_back();
  return cache;
}

void WordCachePool::give_back(std::unique_ptr<WordCache> cache) {
  const std::lock_guard lock(mutex_);
  caches_.push_back(std::move(cache));
}

}  // namespace kerf::text
