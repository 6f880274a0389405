#include "sweep/walker.h"

#include <cstring>

#include <gtest/gtest.h>

#include "core/threads.h"
#include "tests/support/golden_model.h"

namespace kerf::sweep {
namespace {

TEST(Plan, BlocksOfADecoderAreAttentionFeedForwardAndHead) {
  const test::GoldenModel model("llama");  // two layers
  const Plan& plan = model.walker.plan();
  ASSERT_EQ(plan.blocks.size(), 5u);
  graph::NodeId next = 0;
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    const Block& block = plan.blocks[b];
    EXPECT_EQ(block.begin, next);
    next = block.end;
    EXPECT_EQ(block.live_out.size(), 1u);
    EXPECT_EQ(block.groups.size(), b == 4 ? 1u : 2u) << b;  // q k v, then o; gate up, then down; the head
  }
  EXPECT_EQ(next, static_cast<graph::NodeId>(model.built.graph.nodes().size()));
  EXPECT_EQ(plan.blocks[0].groups[0].sites.size(), 3u);
  EXPECT_EQ(plan.blocks[1].groups[0].sites.size(), 2u);
}

TEST(Plan, ATiedHeadIsOneSiteWithBothUses) {
  const test::GoldenModel model("llama-tied-mha");
  int tied = 0;
  for (const Site& site : model.walker.plan().sites) tied += !site.lookup_uses.empty() && !site.linear_uses.empty();
  EXPECT_EQ(tied, 1);
}

TEST(Walker, ResultsDoNotDependOnThreadsCompanyOrWhereValuesAreKept) {
  const test::GoldenModel model("llama3-rope");
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

}  // namespace
}  // namespace kerf::sweep
