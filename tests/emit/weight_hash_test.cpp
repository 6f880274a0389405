#include "emit/weight_hash.h"

#include <gtest/gtest.h>

#include "core/fingerprint.h"
#include "core/threads.h"
#include "tests/support/random_tensor.h"

namespace kerf::emit {
namespace {

TEST(WeightHash, IsCombinedFromPartsOfWholeRows) {
  const Tensor values = test::random_normal({700, 1000}, 1);
  const graph::SourcePtr source = graph::make_memory_source(values, "w");
  ASSERT_EQ(hashed_rows(*source), 262);
  std::vector<Fingerprint> parts;
  for (const auto& [first, count] : {std::pair(0, 262), std::pair(262, 262), std::pair(524, 176)}) {
    parts.push_back(fingerprint(std::as_bytes(values.values<float>().subspan(static_cast<std::size_t>(first) * 1000,
                                                                             static_cast<std::size_t>(count) * 1000))));
  }
  EXPECT_EQ(weight_hash(*source), to_string(combined(parts)));
}

TEST(WeightHash, ZerosHaveNoSign) {
  const auto hash_of = [](float zero) {
    Tensor values = test::random_normal({3, 40}, 1);
    values.values<float>()[17] = zero;
    return weight_hash(*graph::make_memory_source(values, "w"));
  };
  EXPECT_EQ(hash_of(0.0F), hash_of(-0.0F));
  EXPECT_NE(hash_of(0.0F), hash_of(1e-45F));
}

TEST(WeightHash, ARowLongerThanAPartIsOnePart) {
  const graph::SourcePtr source = graph::make_memory_source(test::random_normal({3, 300000}, 1), "w");
  EXPECT_EQ(hashed_rows(*source), 1);
  EXPECT_EQ(weight_hash(*source).size(), 32U);
}

}  // namespace
}  // namespace kerf::emit
