#include "quant/distill.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "core/strings.h"
#include "core/threads.h"
#include "ops/row_math.h"
#include "quant/tunable.h"
#include "sweep/backward.h"
#include "sweep/row_tiles.h"

namespace kerf::quant {
namespace {

using graph::ValueId;
using Windows = std::shared_ptr<const std::vector<sweep::WindowInputs>>;

constexpr double kFirstMoment = 0.9, kSecondMoment = 0.95, kEpsilon = 1e-12;
/// Share of the steps in which the rate rises to its full size; afterwards it falls to 0.
constexpr double kWarmUp = 0.05;

Windows subset(const std::vector<sweep::WindowInputs>& windows, std::span<const std::size_t> indices) {
  auto result = std::make_shared<std::vector<sweep::WindowInputs>>();
  for (const std::size_t i : indices) result->push_back(windows[i]);
  return result;
}

/// Windows of `from` as inputs of `to`, by name.
Windows rebound(const Windows& windows, const graph::Graph& from, const graph::Graph& to) {
  if (&from == &to) return windows;
  std::vector<std::size_t> places;
  for (const ValueId input : to.inputs()) {
    const std::string& name = to.value(input).name;
    const auto found = from.find_input(name);
    if (!found) throw_usage(fmt::format("the teacher has an input {} that the model has not", quoted(name)));
    const auto at = std::find(from.inputs().begin(), from.inputs().end(), *found);
    places.push_back(static_cast<std::size_t>(at - from.inputs().begin()));
  }
  auto result = std::make_shared<std::vector<sweep::WindowInputs>>();
  for (const sweep::WindowInputs& window : *windows) {
    sweep::WindowInputs inputs;
    for (const std::size_t place : places) inputs.push_back(window[place]);
    result->push_back(std::move(inputs));
  }
  return result;
}

/// Probabilities of a model's outputs for some windows.
class Distributions {
 public:
  Distributions(const sweep::Walker& walker, const Windows& windows, const sweep::Overlay* overlay,
                const std::shared_ptr<sweep::Budget>& budget)
      : stream_(windows, budget), head_(make_head(walker, overlay)) {}

  /// Rows of a window's output that it can give a few of at a time; 0: all at once, or not at all.
  std::int64_t rows(std::size_t window) const {
    const std::vector<Tensor> seeds = stream_.load(window);
    return sweep::goes_by_rows(head_.program, seeds) ? seeds[0].dim(1) : 0;
  }

  /// Rows [first, first + count) of a window's output, before the softmax; of 0 all.
  Tensor logits(std::size_t window, std::int64_t first, std::int64_t count) const {
    const std::vector<Tensor> seeds = stream_.load(window);
    if (count == 0 || !sweep::goes_by_rows(head_.program, seeds)) {
      const Tensor whole = head_.program.run(head_.operands, stream_.inputs(window), seeds).front();
      const std::int64_t width = whole.shape().back(), all = whole.size() / width;
      return count == 0 || count == all ? whole : sweep::rows_of(whole.reshaped({1, all, width}), first, count);
    }
    std::vector<Tensor> part;
    for (const Tensor& seed : seeds) part.push_back(sweep::rows_of(seed, first, count));
    return head_.program.run(head_.operands, stream_.inputs(window), part).front();
  }

 private:
  struct Head {
    sweep::Program program;
    sweep::Operands operands;
  };

  Head make_head(const sweep::Walker& walker, const sweep::Overlay* overlay) {
    const auto& blocks = walker.plan().blocks;
    for (std::size_t b = 0; b + 1 < blocks.size(); ++b) walker.advance(stream_, blocks[b].end, overlay, nullptr);
    const ValueId output = *walker.graph().find_output("logits");
    sweep::Program program = walker.program(stream_, blocks.back().end, {&output, 1});
    sweep::Operands operands = sweep::prepare(walker.graph(), program, overlay, nullptr);
    return {std::move(program), std::move(operands)};
  }

  sweep::Stream stream_;
  Head head_;
};

/// KL(p || q) of rows of logits; `by_q` gets the derivative by q's logits, which is q - p.
double divergence(const Tensor& p_logits, const Tensor& q_logits, Tensor* by_q) {
  const std::int64_t width = q_logits.shape().back(), rows = q_logits.size() / std::max<std::int64_t>(width, 1);
  std::vector<float> p(static_cast<std::size_t>(width)), q(p.size());
  double total = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    std::copy_n(p_logits.data<float>() + r * width, width, p.begin());
    std::copy_n(q_logits.data<float>() + r * width, width, q.begin());
    ops::softmax_row(p.data(), width);
    ops::softmax_row(q.data(), width);
    total += ops::lane_sum<double>(width, [&](std::int64_t i) {
      const double a = static_cast<double>(p[static_cast<std::size_t>(i)]);
      const double b = std::max(static_cast<double>(q[static_cast<std::size_t>(i)]), 1e-30);
      return a > 0 ? a * std::log(a / b) : 0.0;
    });
    if (by_q == nullptr) continue;
    for (std::int64_t i = 0; i < width; ++i) {
      by_q->data<float>()[r * width + i] = q[static_cast<std::size_t>(i)] - p[static_cast<std::size_t>(i)];
    }
  }
  return total;
}

/// One set of numbers, and what Adam remembers of it.
struct Tuned {
  std::unique_ptr<Tunable> tunable;
  double rate = 0;
  std::vector<float> first, second;  ///< moments of the derivatives

  void step(const std::vector<float>& by_numbers, double progress, std::int64_t step) {
    const double n = static_cast<double>(step + 1);
    const double first_bias = 1 - std::pow(kFirstMoment, n), second_bias = 1 - std::pow(kSecondMoment, n);
    for (std::size_t i = 0; i < by_numbers.size(); ++i) {
      const double g = static_cast<double>(by_numbers[i]);
      const double m = kFirstMoment * static_cast<double>(first[i]) + (1 - kFirstMoment) * g;
      const double v = kSecondMoment * static_cast<double>(second[i]) + (1 - kSecondMoment) * g * g;
      first[i] = static_cast<float>(m);
      second[i] = static_cast<float>(v);
      const double move =
          progress * rate * tunable->unit(i) * (m / first_bias) / (std::sqrt(v / second_bias) + kEpsilon);
      tunable->numbers[i] -= static_cast<float>(move);
    }
  }
};

class Distillation {
 public:
  Distillation(const sweep::Walker& teacher, const sweep::Walker& student, Candidate& candidate,
               const std::vector<sweep::WindowInputs>& windows, std::shared_ptr<sweep::Budget> budget,
               const DistillOptions& options)
      : teacher_(teacher),
        student_(student),
        candidate_(candidate),
        windows_(windows),
        budget_(std::move(budget)),
        options_(options) {
    const std::size_t count = windows.size();
    const auto judges =
        std::max<std::size_t>(1, static_cast<std::size_t>(options.held_out * static_cast<double>(count)));
    const std::size_t stride = std::max<std::size_t>(2, count / judges);
    for (std::size_t w = 0; w < count; ++w) (w % stride == stride - 1 ? judging_ : training_).push_back(w);
    if (judging_.empty()) judging_ = training_;
  }

  DistillReport run() {
    DistillReport report;
    const sweep::Overlay before = candidate_.overlay;
    report.before = judge();
    collect();
    const auto batches = static_cast<std::int64_t>((training_.size() + options_.batch - 1) / options_.batch);
    const std::int64_t total = batches * options_.epochs;
    Random random(0);
    for (int epoch = 0; epoch < options_.epochs; ++epoch) {
      for (std::size_t i = training_.size(); i > 1; --i) std::swap(training_[i - 1], training_[random.below(i)]);
      for (std::size_t at = 0; at < training_.size(); at += options_.batch) {
        const std::size_t count = std::min(options_.batch, training_.size() - at);
        step(std::span(training_).subspan(at, count), report.steps++, total);
      }
    }
    report.after = judge();
    report.kept = report.after < report.before;
    if (!report.kept) candidate_.overlay = before;
    return report;
  }

 private:
  double judge() const {
    const Windows windows = subset(windows_, judging_);
    const Distributions p(teacher_, of_teacher(windows), nullptr, budget_);
    const Distributions q(student_, windows, &candidate_.overlay, budget_);
    std::vector<double> sums(windows->size());
    std::vector<std::int64_t> rows(windows->size());
    parallel_for(static_cast<std::int64_t>(windows->size()), [&](std::int64_t w) {
      const auto at = static_cast<std::size_t>(w);
      const std::int64_t count = std::min(p.rows(at), q.rows(at));
      for (std::int64_t first = 0; first == 0 || first < count; first += sweep::kTileRows) {
        const std::int64_t tile = std::min(sweep::kTileRows, count - first);
        const Tensor wanted = p.logits(at, first, tile);
        sums[at] += divergence(wanted, q.logits(at, first, tile), nullptr);
        rows[at] += wanted.size() / wanted.shape().back();
      }
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0) /
           static_cast<double>(std::accumulate(rows.begin(), rows.end(), std::int64_t{0}));
  }

  Windows of_teacher(const Windows& windows) const { return rebound(windows, student_.graph(), teacher_.graph()); }

  /// What is tuned: codes' scales, and vectors that nodes add or multiply by.
  void collect() {
    const auto& graph = student_.graph();
    for (const ValueId id : graph.weights()) {
      const graph::SourcePtr& source = candidate_.overlay.source(graph, id);
      const auto consumers = graph.consumers(id);
      const bool looked_up = std::any_of(consumers.begin(), consumers.end(), [&](graph::NodeId n) {
        return graph.node(n).op == "Gather" || graph.node(n).op == "RelativePositionBias";
      });
      if (looked_up || consumers.empty()) continue;
      Tuned tuned;
      if (source->scheme()) {
        tuned.tunable = make_tunable_scales(*source->read_quantized(), *source);
        tuned.rate = options_.scale_rate;
      } else if (source->shape().size() == 1) {
        const bool as_it_was = source->dtype() != DType::kF32 && candidate_.folded_dtype == DType::kF32;
        tuned.tunable = make_tunable_vector(*source, as_it_was ? source->dtype() : candidate_.folded_dtype);
        tuned.rate = options_.vector_rate;
      }
      if (tuned.tunable == nullptr) continue;
      tuned.first.assign(tuned.tunable->numbers.size(), 0.0F);
      tuned.second = tuned.first;
      tuned_.emplace(id, std::move(tuned));
    }
  }

  void step(std::span<const std::size_t> batch, std::int64_t number, std::int64_t total) {
    const Windows windows = subset(windows_, batch);
    const Distributions p(teacher_, of_teacher(windows), nullptr, budget_);
    std::map<ValueId, std::vector<float>> by_numbers;
    for (const auto& [id, tuned] : tuned_) by_numbers[id].assign(tuned.tunable->numbers.size(), 0.0F);
    const auto loss = [&](std::size_t window, std::int64_t first_row, const Tensor& logits) {
      const std::int64_t rows = logits.size() / logits.shape().back();
      Tensor by_logits(DType::kF32, logits.shape());
      divergence(p.logits(window, first_row, rows), logits, &by_logits);
      return by_logits;
    };
    const auto wanted = [&](const sweep::Block& block) {
      std::set<ValueId> values;
      for (graph::NodeId n = block.begin; n < block.end; ++n) {
        for (const ValueId id : student_.graph().node(n).inputs) {
          if (id != graph::kNoValue && tuned_.contains(id)) values.insert(id);
        }
      }
      return std::vector<ValueId>(values.begin(), values.end());
    };
    const auto sink = [&](const sweep::Block&, std::size_t, const std::map<ValueId, Tensor>& derivatives) {
      for (const auto& [id, by] : derivatives) {
        if (const auto found = tuned_.find(id); found != tuned_.end()) found->second.tunable->chain(by, by_numbers[id]);
      }
    };
    sweep::Backward(student_, *student_.graph().find_output("logits"), windows, budget_)
        .run(&candidate_.overlay, loss, wanted, sink);
    const double done = static_cast<double>(number), warm = std::max(1.0, kWarmUp * static_cast<double>(total));
    const double progress = std::min(1.0, (done + 1) / warm) * (1 - done / static_cast<double>(total));
    for (auto& [id, tuned] : tuned_) {
      tuned.step(by_numbers[id], progress, number);
      candidate_.overlay.set(id, tuned.tunable->source());
    }
  }

  const sweep::Walker &teacher_, &student_;
  Candidate& candidate_;
  const std::vector<sweep::WindowInputs>& windows_;
  std::shared_ptr<sweep::Budget> budget_;
  DistillOptions options_;
  std::vector<std::size_t> training_, judging_;
  std::map<ValueId, Tuned> tuned_;
};

}  // namespace

DistillReport distill(const sweep::Walker& teacher, const sweep::Walker& student, Candidate& candidate,
                      const std::vector<sweep::WindowInputs>& windows, const std::shared_ptr<sweep::Budget>& budget,
                      const DistillOptions& options) {
  return Distillation(teacher, student, candidate, windows, budget, options).run();
}

}  // namespace kerf::quant
