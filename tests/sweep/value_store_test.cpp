#include "sweep/value_store.h"

#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/threads.h"
#include "tests/support/expect_error.h"
#include "tests/support/faults.h"
#include "tests/support/op_runner.h"
#include "tests/support/random_tensor.h"
#include "tests/support/temp_dir.h"
#include "tests/support/thread_setting.h"

namespace kerf::sweep {
namespace {

using test::random_normal;
using test::same_bits;

constexpr std::uint64_t kTensorBytes = 400;

Tensor tensor(std::uint64_t seed) { return random_normal({10, 10}, seed); }

class ValueStore : public testing::Test {
 protected:
  std::shared_ptr<Budget> budget_of(std::uint64_t bytes) const {
    return std::make_shared<Budget>(bytes, folder_.path());
  }
  test::TempDir folder_;
};

TEST_F(ValueStore, ABudgetGivesWhatItHasToTheByte) {
  const auto budget = budget_of(100);
  EXPECT_FALSE(budget->take(101));
  EXPECT_TRUE(budget->take(60));
  EXPECT_FALSE(budget->take(41));
  EXPECT_TRUE(budget->take(40));
  EXPECT_TRUE(budget->take(0));
  EXPECT_FALSE(budget->take(1));
  budget->give_back(60);
  EXPECT_TRUE(budget->take(60));
}

TEST_F(ValueStore, StaysInMemoryWhileThereIsRoomAndComesBackBitForBit) {
  const auto budget = budget_of(2 * kTensorBytes + kTensorBytes - 1);
  std::vector<StoredTensor> stored;
  for (std::uint64_t i = 0; i < 5; ++i) stored.emplace_back(tensor(i), budget);
  for (std::uint64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(stored[i].in_ram(), i < 2) << i;
    EXPECT_TRUE(same_bits(stored[i].load(), tensor(i))) << i;
    EXPECT_TRUE(same_bits(stored[i].load(), tensor(i))) << "a second time, " << i;
  }
}

TEST_F(ValueStore, InMemoryNothingIsCopied) {
  const auto budget = budget_of(kTensorBytes);
  const Tensor original = tensor(1);
  const StoredTensor stored(original, budget);
  EXPECT_EQ(stored.load().raw(), original.raw());
}

TEST_F(ValueStore, WithoutMemoryEveryKindOfTensorGoesToScratch) {
  const auto budget = budget_of(0);
  const Tensor integers = Tensor::from<std::int64_t>({3}, std::vector<std::int64_t>{1, -1, 1LL << 62});
  for (const Tensor& each : {integers, random_normal({}, 1), random_normal({1, 0, 4}, 1), random_normal({7}, 2)}) {
    const StoredTensor stored(each, budget);
    EXPECT_EQ(stored.in_ram(), each.bytes() == 0);
    EXPECT_TRUE(same_bits(stored.load(), each)) << to_string(each.shape());
  }
}

TEST_F(ValueStore, GivesItsPlaceBackWhenItGoes) {
  const auto budget = budget_of(kTensorBytes);
  {
    const StoredTensor first(tensor(1), budget);
    EXPECT_FALSE(StoredTensor(tensor(2), budget).in_ram());
  }
  const StoredTensor third(tensor(3), budget);
  EXPECT_TRUE(third.in_ram());
}

TEST_F(ValueStore, ScratchIsUsedAgain) {
  const auto budget = budget_of(0);
  for (std::uint64_t i = 0; i < 100; ++i) StoredTensor(tensor(i), budget).load();
  const StoredTensor kept(tensor(7), budget);
  EXPECT_EQ(budget->scratch().allocate(1), kTensorBytes) << "the file grew beyond the one tensor that it held at once";
}

TEST_F(ValueStore, MovesWithItsPlace) {
  for (const std::uint64_t bytes : {kTensorBytes, std::uint64_t{0}}) {
    const auto budget = budget_of(bytes);
    StoredTensor first(tensor(1), budget);
    StoredTensor second(std::move(first));
    EXPECT_TRUE(same_bits(second.load(), tensor(1)));
    StoredTensor third;
    third = std::move(second);
    EXPECT_TRUE(same_bits(third.load(), tensor(1)));
    EXPECT_FALSE(StoredTensor(tensor(2), budget).in_ram()) << "moved-from tensors gave the place back";
  }
}

TEST_F(ValueStore, AssignmentGivesTheOldPlaceBackOnce) {
  const auto budget = budget_of(2 * kTensorBytes);
  StoredTensor kept(tensor(1), budget);
  kept = StoredTensor(tensor(2), budget);
  EXPECT_TRUE(same_bits(kept.load(), tensor(2)));
  EXPECT_TRUE(budget->take(kTensorBytes));
  EXPECT_FALSE(budget->take(1));
}

TEST_F(ValueStore, ScratchThatCannotBeMadeIsTheMachinesError) {
  const auto budget = std::make_shared<Budget>(kTensorBytes, folder_ / "absent");
  const StoredTensor fits(tensor(1), budget);
  test::expect_error(ErrorCode::kMachine, "absent: no scratch file", [&] { StoredTensor(tensor(2), budget); });
}

TEST_F(ValueStore, AFullScratchFileIsTheMachinesErrorAndTheNextMayFit) {
  const auto budget = budget_of(0);
  {
    const test::FileSizeLimit small(kTensorBytes / 2);
    test::expect_error(ErrorCode::kMachine, "writing a scratch file failed", [&] { StoredTensor(tensor(1), budget); });
  }
  EXPECT_TRUE(same_bits(StoredTensor(tensor(2), budget).load(), tensor(2)));
}

TEST_F(ValueStore, ThreadsShareOneBudget) {
  const auto budget = budget_of(10 * kTensorBytes);
  std::vector<char> same(300, 0);
  const test::ThreadSetting threads(8);
  parallel_for(300, [&](std::int64_t i) {
    const auto seed = static_cast<std::uint64_t>(i);
    std::vector<StoredTensor> stored;
    for (int k = 0; k < 4; ++k) stored.emplace_back(tensor(seed), budget);
    bool all = true;
    for (const StoredTensor& each : stored) all = all && same_bits(each.load(), tensor(seed));
    same[seed] = all;
  });
  EXPECT_THAT(same, testing::Each(1));
  EXPECT_TRUE(budget->take(10 * kTensorBytes)) << "everything was given back";
  EXPECT_FALSE(budget->take(1));
}

}  // namespace
}  // namespace kerf::sweep
