#include "text/word_cache.h"

#include <string>

#include <gtest/gtest.h>

#include "core/hash.h"

namespace kerf::text {
namespace {

TEST(WordCache, FindsWhatWasInsertedThroughGrowthAndClearing) {
  WordCache cache;
  constexpr int kWords = 400000;  // more than it holds
  int found = 0;
  for (int i = 0; i < kWords; ++i) {
    const std::string word = "word" + std::to_string(i);
    const std::vector<std::int64_t> ids = {i, i + 1};
    ASSERT_TRUE(cache.find(word, hash_bytes(word)).empty());
    cache.insert(word, hash_bytes(word), ids);
    const auto back = cache.find(word, hash_bytes(word));
    ASSERT_EQ(back.size(), 2u);
    ASSERT_EQ(back[1], i + 1);
  }
  for (int i = 0; i < kWords; ++i) {
    const std::string word = "word" + std::to_string(i);
    const auto ids = cache.find(word, hash_bytes(word));
    if (ids.empty()) continue;
    ASSERT_EQ(ids[0], i);
    ++found;
  }
  EXPECT_GT(found, 1000);
  EXPECT_LT(found, kWords);
}

TEST(WordCache, EqualHashesOfDifferentWords) {
  WordCache cache;
  cache.insert("a", 42, std::vector<std::int64_t>{1});
  EXPECT_TRUE(cache.find("b", 42).empty());
  cache.insert("b", 42, std::vector<std::int64_t>{2});
  EXPECT_EQ(cache.find("a", 42)[0], 1);
  EXPECT_EQ(cache.find("b", 42)[0], 2);
}

TEST(WordCache, PoolGivesBackWhatItGot) {
  WordCachePool pool;
  auto cache = pool.take();
  cache->insert("a", 1, std::vector<std::int64_t>{7});
  pool.give_back(std::move(cache));
  cache = pool.take();
  EXPECT_EQ(cache->find("a", 1)[0], 7);
  EXPECT_TRUE(pool.take()->find("a", 1).empty());
}

}  // namespace
}  // namespace kerf::text
