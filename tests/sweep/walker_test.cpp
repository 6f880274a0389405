#include "sweep/walker.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "core/threads.h"
#include "tests/support/golden_model.h"

namespace kerf::sweep {
namespace {

/// Models that hand on the stream alone, in one direction or both, and one whose encoder's output stays alive.
class WalkerOf : public testing::TestWithParam<const char*> {};

TEST_P(WalkerOf, ResultsDoNotDependOnThreadsCompanyOrWhereValuesAreKept) {
  const test::GoldenModel model(GetParam());
  const auto all = model.windows(7, 33, 1);
  const int before = thread_count();
  set_thread_count(1);
  const auto expected = model.logits(all, nullptr);
  set_thread_count(3);
  const auto threaded = model.logits(all, nullptr);
  const auto from_disk = model.logits(all, nullptr, 0);  // no memory at all: every kept value goes to scratch
  set_thread_count(before);
  for (std::size_t w = 0; w < expected.size(); ++w) {
    // A window alone gives the same bits as among others.
    const auto one = std::make_shared<const std::vector<WindowInputs>>(1, (*all)[w]);
    const auto alone = model.logits(one, nullptr).front();
    for (const Tensor& other : {threaded[w], from_disk[w], alone}) {
      EXPECT_EQ(std::memcmp(other.raw(), expected[w].raw(), expected[w].bytes()), 0) << w;
    }
  }
}

TEST_P(WalkerOf, VisitsTheWindowsOfARangeInOrder) {
  const test::GoldenModel model(GetParam());
  const Stream stream(model.windows(11, 20, 2), std::make_shared<Budget>(std::uint64_t{1} << 30, "/tmp"));
  const Block& block = model.walker.plan().blocks.front();
  std::vector<std::size_t> all, some;
  std::vector<Tensor> values;
  model.walker.visit(stream, block.end, block.live_out, nullptr, nullptr, std::nullopt,
                     [&](std::size_t window, std::span<const Tensor> found) {
                       all.push_back(window);
                       values.push_back(found.front());
                     });
  model.walker.visit(stream, block.end, block.live_out, nullptr, nullptr, Walker::WindowRange{3, 10},
                     [&](std::size_t window, std::span<const Tensor> found) {
                       some.push_back(window);
                       EXPECT_EQ(std::memcmp(found.front().raw(), values[window].raw(), values[window].bytes()), 0);
                     });
  EXPECT_EQ(all, (std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(some, (std::vector<std::size_t>{3, 4, 5, 6, 7, 8, 9}));
}

INSTANTIATE_TEST_SUITE_P(Models, WalkerOf, testing::Values("llama3-rope", "bert-mlm", "t5"), [](const auto& each) {
  std::string name = each.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace kerf::sweep
