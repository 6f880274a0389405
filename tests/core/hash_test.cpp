#include "core/hash.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace kerf {
namespace {

// 2^17 strings: about 2 collisions of the low 32 bits are expected of a random function (n^2 / 2^33); 20 would be odd.
TEST(Hash, SpreadsShortStrings) {
  std::set<std::uint32_t> low, high;
  for (int i = 0; i < 1 << 17; ++i) {
    const std::uint64_t hash = hash_bytes(std::to_string(i));
    low.insert(static_cast<std::uint32_t>(hash));
    high.insert(static_cast<std::uint32_t>(hash >> 32));
  }
  EXPECT_GT(low.size(), (1u << 17) - 20);
  EXPECT_GT(high.size(), (1u << 17) - 20);
}

TEST(Hash, EveryByteCounts) {
  for (std::size_t length = 1; length < 40; ++length) {
    const std::string text(length, 'x');
    for (std::size_t i = 0; i < length; ++i) {
      std::string changed = text;
      changed[i] = 'y';
      EXPECT_NE(hash_bytes(changed), hash_bytes(text)) << length << " " << i;
    }
    EXPECT_NE(hash_bytes(text), hash_bytes(text + "x"));
  }
}

}  // namespace
}  // namespace kerf
