#include "sweep/walker.h"

#include <cstring>

#include <gtest/gtest.h>

#include "core/threads.h"
#include "tests/support/golden_model.h"

namespace kerf::sweep {
namespace {

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
