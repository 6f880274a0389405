// Evaluation of a checkpoint on random tokens, operator by operator, against the dense library's own rate in the same
// run: evaluation_bench MODEL [WINDOWS [CONTEXT]]. Rates are of all threads together; the time of an operator is the
// sum over threads divided by their number.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>

#include "api/open_model.h"
#include "api/text_data.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/threads.h"
#include "eval/evaluator.h"

namespace {

using namespace kerf;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The best of some products of 2048 x 2048 matrices with the library's own threads, in GFLOP/s.
double library_rate() {
  constexpr std::int64_t kSize = 2048;
  constexpr int kRuns = 6;
  const std::vector<float> a(kSize * kSize, 0.5F), b(kSize * kSize, 0.25F);
  std::vector<float> c(kSize * kSize);
  omp_set_num_threads(thread_count());
  double best = 0;
  for (int i = 0; i < kRuns; ++i) {
    const auto start = Clock::now();
    dnnl_sgemm('N', 'N', kSize, kSize, kSize, 1.0F, a.data(), kSize, b.data(), kSize, 0.0F, c.data(), kSize);
    best = std::max(best, 2e-9 * kSize * kSize * kSize / seconds_since(start));
  }
  return best;
}

/// Seconds in each kind of operator, of all threads.
class OperatorTimes {
 public:
  void add(const graph::Node& node, double seconds) {
    const std::lock_guard lock(mutex_);
    seconds_[node.op] += seconds;
  }
  double of(const std::string& op) const {
    const auto found = seconds_.find(op);
    return found == seconds_.end() ? 0 : found->second;
  }
  const std::map<std::string, double>& all() const { return seconds_; }

 private:
  std::mutex mutex_;
  std::map<std::string, double> seconds_;
};

std::vector<text::Window> random_windows(std::int64_t count, std::int64_t context, std::int64_t vocabulary) {
  Random random(1);
  std::vector<text::Window> windows(static_cast<std::size_t>(count));
  for (auto& window : windows) {
    for (std::int64_t i = 0; i < context; ++i) {
      window.ids.push_back(static_cast<std::int64_t>(random.uniform() * static_cast<double>(vocabulary)));
    }
    for (std::int64_t p = context / 2; p + 1 < context; ++p) {
      window.places.push_back({p, window.ids[static_cast<std::size_t>(p) + 1]});
    }
  }
  return windows;
}

/// Floating-point operations of all linear layers: the head runs on the scored positions alone.
double linear_operations(const sweep::Walker& walker, const std::vector<text::Window>& windows) {
  const graph::Graph& graph = walker.graph();
  const graph::NodeId head = walker.plan().blocks.back().begin;
  double operations = 0;
  for (graph::NodeId n = 0; n < static_cast<graph::NodeId>(graph.nodes().size()); ++n) {
    const graph::Node& node = graph.node(n);
    if (node.op != "Linear") continue;
    const auto& source = *graph.value(node.inputs[1]).weight.source;
    double rows = 0;
    for (const auto& window : windows) {
      rows += static_cast<double>(n >= head ? window.places.size() : window.ids.size());
    }
    operations += 2.0 * rows * static_cast<double>(source.rows()) * static_cast<double>(source.row_size());
  }
  return operations;
}

double evaluate(const api::OpenModel& model, sweep::Walker& walker, const std::vector<text::Window>& windows,
                OperatorTimes& times) {
  walker.set_clock([&times](const graph::Node& node, double seconds) { times.add(node, seconds); });
  const auto start = Clock::now();
  const auto budget = std::make_shared<sweep::Budget>(available_ram_bytes(), "/tmp");
  eval::Evaluator evaluator(windows, false);
  evaluator.add({&walker, nullptr, sweep::Stream(api::bind_windows(model, windows), budget)});
  for (const sweep::Block& block : walker.plan().blocks) evaluator.advance(0, block, nullptr);
  evaluator.finish();
  return seconds_since(start);
}

void run(const std::string& path, std::int64_t count, std::int64_t context) {
  const api::OpenModel model(path);
  sweep::Walker walker(model.graph());
  const auto windows = random_windows(count, context, model.description().hyperparameters.vocab_size);
  const double before = library_rate();
  OperatorTimes times;
  const double seconds = evaluate(model, walker, windows, times);
  const double library = std::max(before, library_rate());

  const double threads = thread_count(), operations = linear_operations(walker, windows);
  const double linear = operations / (times.of("Linear") / threads) * 1e-9;
  const double tokens = static_cast<double>(count * context);
  fmt::print("library      {:8.1f} GFLOP/s (2048 x 2048 x 2048, {} threads)\n", library, thread_count());
  fmt::print("linear       {:8.1f} GFLOP/s: {:.0f} % of the library's rate\n", linear, 100 * linear / library);
  fmt::print("evaluation   {:8.1f} GFLOP/s of linear layers over the whole time: {:.0f} %\n",
             operations / seconds * 1e-9, 100 * operations / seconds * 1e-9 / library);
  fmt::print("tokens       {:8.0f} a second ({} windows of {}, {:.2f} s)\n", tokens / seconds, count, context, seconds);
  for (const auto& [op, spent] : times.all()) {
    if (spent > 0.002 * seconds) fmt::print("  {:<24} {:5.1f} %\n", op, 100 * spent / threads / seconds);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    fmt::print(stderr, "usage: evaluation_bench MODEL [WINDOWS [CONTEXT]]\n");
    return 2;
  }
  try {
    run(argv[1], argc > 2 ? std::atoll(argv[2]) : 48, argc > 3 ? std::atoll(argv[3]) : 512);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
