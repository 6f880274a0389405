#include "quant/output_curvature.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "ops/row_math.h"
#include "tests/support/golden_model.h"
#include "tests/support/op_runner.h"
#include "tests/support/thread_setting.h"

namespace kerf::quant {
namespace {

std::set<graph::ValueId> linear_weights(const sweep::Walker& walker) {
  std::set<graph::ValueId> weights;
  for (const sweep::Site& site : walker.plan().sites) {
    if (!site.linear_uses.empty()) weights.insert(site.weight);
  }
  return weights;
}

OutputCurvature observe(const test::GoldenModel& golden, std::int64_t windows, std::int64_t length) {
  return observe_output_curvature(golden.walker, linear_weights(golden.walker), golden.windows(windows, length, 3),
                                  std::make_shared<sweep::Budget>(std::uint64_t{1} << 30, "/tmp"));
}

/// At the logits themselves the expectation is known: diag(p) - p p^T.
TEST(OutputCurvature, OfTheHeadIsThatOfTheSoftmax) {
  const test::GoldenModel golden("llama");
  const std::int64_t count = 16, length = 64;
  const OutputCurvature curvature = observe(golden, count, length);
  graph::ValueId head = graph::kNoValue;
  for (const graph::ValueId id : golden.built.graph.weights()) {
    if (golden.built.graph.value(id).weight.role == graph::Role::kHead) head = id;
  }
  ASSERT_NE(head, graph::kNoValue);
  const Tensor found = curvature.load(head);
  const std::int64_t n = found.dim(0);
  std::vector<double> expected(static_cast<std::size_t>(n * n));
  double tokens = 0;
  for (const Tensor& logits : golden.logits(golden.windows(count, length, 3), nullptr)) {
    for (std::int64_t r = 0; r < logits.size() / n; ++r) {
      std::vector<float> p(logits.data<float>() + r * n, logits.data<float>() + (r + 1) * n);
      ops::softmax_row(p.data(), n);
      for (std::int64_t i = 0; i < n; ++i) {
        const double own = static_cast<double>(p[static_cast<std::size_t>(i)]);
        for (std::int64_t j = 0; j < n; ++j) {
          const double other = static_cast<double>(p[static_cast<std::size_t>(j)]);
          expected[static_cast<std::size_t>(i * n + j)] += i == j ? own * (1 - own) : -own * other;
        }
      }
      tokens += 1;
    }
  }
  double trace = 0, trace_found = 0, off = 0, off_found = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const double wanted = expected[static_cast<std::size_t>(i * n + j)] / tokens;
      const double value = static_cast<double>(found.data<float>()[i * n + j]);
      (i == j ? trace : off) += wanted;
      (i == j ? trace_found : off_found) += value;
    }
  }
  // A thousand tokens' signs.
  EXPECT_NEAR(trace_found, trace, 0.01 * trace);
  EXPECT_NEAR(off_found, off, 0.01 * trace);
}

TEST(OutputCurvature, IsSymmetricAndThereForEveryWeightOfEveryFamily) {
  for (const char* name : {"llama", "mixtral", "albert-mlm", "bert-cls", "gpt2"}) {
    const test::GoldenModel golden(name);
    const OutputCurvature curvature = observe(golden, 3, 10);
    for (const graph::ValueId weight : linear_weights(golden.walker)) {
      const graph::Weight& info = golden.built.graph.value(weight).weight;
      if (info.expert >= 0 && !curvature.has(weight)) continue;  // no token went there
      ASSERT_TRUE(curvature.has(weight)) << name << " " << info.name;
      const Tensor c = curvature.load(weight);
      ASSERT_EQ(c.shape(), (Shape{info.source->rows(), info.source->rows()})) << name << " " << info.name;
      double trace = 0;
      for (std::int64_t i = 0; i < c.dim(0); ++i) {
        trace += static_cast<double>(c.data<float>()[i * c.dim(0) + i]);
        for (std::int64_t j = 0; j < i; ++j) {
          ASSERT_EQ(c.data<float>()[i * c.dim(0) + j], c.data<float>()[j * c.dim(0) + i]);
        }
      }
      EXPECT_GT(trace, 0) << name << " " << info.name;
    }
  }
}

TEST(OutputCurvature, HasTheSameBitsForAnyNumberOfThreads) {
  const test::GoldenModel golden("llama");
  const auto observe_with = [&](int threads) {
    const test::ThreadSetting setting(threads);
    return observe(golden, 5, 20);
  };
  const OutputCurvature one = observe_with(1), three = observe_with(3);
  for (const graph::ValueId weight : linear_weights(golden.walker)) {
    EXPECT_TRUE(test::same_bits(one.load(weight), three.load(weight)));
  }
}

}  // namespace
}  // namespace kerf::quant
