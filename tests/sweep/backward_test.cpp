// Derivatives through whole models against differences of their logits: along a random direction of a weight, L(w + t
// d) - L(w - t d) over 2t, L a fixed linear function of the logits.

#include "sweep/backward.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sweep/overlay.h"
#include "tests/support/golden_model.h"
#include "tests/support/random_tensor.h"
#include "tests/support/thread_setting.h"

namespace kerf::sweep {
namespace {

using graph::ValueId;

/// The factor of each logit in L.
double factor(std::size_t window, std::int64_t row, std::int64_t column) {
  return std::sin(1.7 * static_cast<double>(window) + 0.37 * static_cast<double>(row) +
                  1.1 * static_cast<double>(column));
}

Tensor by_logits(std::size_t window, std::int64_t first_row, const Tensor& logits) {
  Tensor result(DType::kF32, logits.shape());
  const std::int64_t width = logits.shape().back();
  for (std::int64_t i = 0; i < logits.size(); ++i) {
    result.data<float>()[i] = static_cast<float>(factor(window, first_row + i / width, i % width));
  }
  return result;
}

double functional(const std::vector<Tensor>& logits) {
  double sum = 0;
  for (std::size_t w = 0; w < logits.size(); ++w) {
    const std::int64_t width = logits[w].shape().back();
    for (std::int64_t i = 0; i < logits[w].size(); ++i) {
      sum += factor(w, i / width, i % width) * static_cast<double>(logits[w].data<float>()[i]);
    }
  }
  return sum;
}

/// Every weight that is not looked up, by id, with its derivative.
std::map<ValueId, Tensor> all_derivatives(const test::GoldenModel& golden,
                                          const std::shared_ptr<const std::vector<WindowInputs>>& windows,
                                          std::uint64_t ram) {
  const auto& graph = golden.built.graph;
  std::map<ValueId, Tensor> sums;
  const auto wanted = [&](const Block& block) {
    std::vector<ValueId> values;
    for (const ValueId id : graph.weights()) {
      for (const graph::NodeId n : graph.consumers(id)) {
        if (n < block.begin || n >= block.end || graph.node(n).op == "Gather") continue;
        values.push_back(id);
        break;
      }
    }
    return values;
  };
  Backward(golden.walker, *graph.find_output("logits"), windows, std::make_shared<Budget>(ram, "/tmp"))
      .run(nullptr, by_logits, wanted, [&](const Block&, std::size_t, const std::map<ValueId, Tensor>& found) {
        for (const auto& [id, derivative] : found) {
          if (graph.value(id).kind != graph::Value::Kind::kWeight) continue;
          Tensor& sum = sums[id];
          if (!sum.defined()) sum = Tensor::zeros(DType::kF32, derivative.shape());
          for (std::int64_t i = 0; i < sum.size(); ++i) sum.data<float>()[i] += derivative.data<float>()[i];
        }
      });
  return sums;
}

class BackwardOfModel : public testing::TestWithParam<std::string> {};

TEST_P(BackwardOfModel, FollowsDifferencesOfTheLogits) {
  const test::GoldenModel golden(GetParam());
  const auto windows = golden.windows(2, 12, 5);
  const auto derivatives = all_derivatives(golden, windows, std::uint64_t{1} << 30);
  ASSERT_FALSE(derivatives.empty());
  int checked = 0;
  for (const auto& [id, derivative] : derivatives) {
    const graph::Weight& weight = golden.built.graph.value(id).weight;
    // A router decides by steps, and a table that is looked up too (a tied head) has more derivatives than these.
    bool looked_up = false;
    for (const graph::NodeId n : golden.built.graph.consumers(id)) {
      looked_up = looked_up || golden.built.graph.node(n).op == "Gather";
    }
    if (weight.role == graph::Role::kRouter || looked_up) continue;
    if (++checked % 3 != 1) continue;
    const Tensor values = weight.source->read();
    const Tensor direction = test::random_normal(derivative.shape(), 7);
    double size = 0, expected = 0;
    for (std::int64_t i = 0; i < values.size(); ++i) {
      size += std::pow(static_cast<double>(values.data<float>()[i]), 2) / static_cast<double>(values.size());
    }
    double parts = 0;
    for (std::int64_t i = 0; i < values.size(); ++i) {
      const double part =
          static_cast<double>(direction.data<float>()[i]) * static_cast<double>(derivative.data<float>()[i]);
      expected += part;
      parts += part * part;
    }
    const auto moved = [&](double by) {
      Tensor result(DType::kF32, weight.source->shape());
      for (std::int64_t i = 0; i < values.size(); ++i) {
        result.data<float>()[i] =
            values.data<float>()[i] + static_cast<float>(by * static_cast<double>(direction.data<float>()[i]));
      }
      Overlay overlay;
      overlay.set(id, graph::make_memory_source(result, weight.name));
      return functional(golden.logits(windows, &overlay));
    };
    // Long steps meet the kinks of relu, short ones the rounding of f32: one of them must do.
    std::string tries;
    bool near = false;
    for (const double relative : {2e-3, 2e-4, 2e-5}) {
      const double step = relative * std::sqrt(size) + 1e-6;
      const double difference = (moved(step) - moved(-step)) / (2 * step);
      near = near || std::fabs(difference - expected) <= 0.02 * std::sqrt(parts) + 0.01 * std::fabs(expected) + 1e-3;
      tries += " " + std::to_string(difference);
    }
    // Keys' biases move all scores of a query alike: nothing depends on them.
    const bool nothing = std::sqrt(parts) < 1e-3;
    EXPECT_TRUE(near || nothing) << GetParam() << " " << weight.name << ": " << expected << ", differences" << tries;
  }
  EXPECT_GE(checked, 4);
}

INSTANTIATE_TEST_SUITE_P(Golden, BackwardOfModel,
                         testing::Values("llama", "gpt2", "bloom", "gemma2", "gemma3", "phi2", "mixtral", "bert-mlm",
                                         "t5", "olmo2", "qwen3", "distilbert-mlm", "albert-mlm", "gpt-neo"),
                         [](const auto& named) {
                           std::string name = named.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// Neither threads nor what is kept in a file change a bit.
TEST(Backward, HasTheSameBitsForAnyThreadsAndMemory) {
  const test::GoldenModel golden("llama");
  const auto windows = golden.windows(5, 20, 6);
  const auto first = [&] {
    const test::ThreadSetting threads(1);
    return all_derivatives(golden, windows, std::uint64_t{1} << 30);
  }();
  const test::ThreadSetting threads(3);
  const auto second = all_derivatives(golden, windows, 0);
  ASSERT_EQ(first.size(), second.size());
  for (const auto& [id, values] : first) {
    const Tensor& other = second.at(id);
    EXPECT_EQ(0, std::memcmp(values.raw(), other.raw(), values.bytes())) << golden.built.graph.value(id).weight.name;
  }
}

}  // namespace
}  // namespace kerf::sweep
