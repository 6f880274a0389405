#pragma once

#include <string_view>

#include "core/hash.h"
#include "text/model.h"
#include "text/pieces.h"
#include "text/word_cache.h"

namespace kerf::text {

/// Encodes the pieces of a text: those seen before by what the cache knows, others by `encode_word(word)`, which
/// appends to `out` what depends on the word alone. Words with unknown characters are not kept, so that these are
/// counted.
template <typename EncodeWord>
void encode_words(const Pieces& pieces, WordCachePool& caches, EncodedIds& out, EncodeWord encode_word) {
  auto cache = caches.take();
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
    encode_word(word);
    if (may_keep && out.unknown == unknown && out.ids.size() > begin) {
      cache->insert(word, hash, std::span(out.ids).subspan(begin));
    }
  }
  caches.give_back(std::move(cache));
}

}  // namespace kerf::text
