#include "eval/evaluator.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "core/threads.h"

namespace kerf::eval {
namespace {

/// Positions whose logits exist at once, per subject and thread.
constexpr std::int64_t kTilePositions = 64;

/// Positions [begin, end) of [1, length, width].
Tensor slice_positions(const Tensor& values, std::int64_t begin, std::int64_t end) {
  const std::int64_t width = values.dim(2);
  return Tensor::from<float>({1, end - begin, width},
                             values.values<float>().subspan(static_cast<std::size_t>(begin * width),
                                                            static_cast<std::size_t>((end - begin) * width)));
}

bool has_positions(const Tensor& values, std::int64_t length) {
  return values.dtype() == DType::kF32 && values.rank() == 3 && values.dim(0) == 1 && values.dim(1) == length;
}

}  // namespace

/// The last block of one subject, ready to run.
struct Evaluator::Head {
  sweep::Program program;
  sweep::Operands operands;
  bool by_position;  ///< may run on a subset of the positions
};

std::size_t Evaluator::add(Subject subject) {
  subjects_.push_back(std::move(subject));
  return subjects_.size() - 1;
}

void Evaluator::advance(std::size_t index, const sweep::Block& block, const sweep::Operands* shared) {
  Subject& subject = subjects_[index];
  if (block.end == static_cast<graph::NodeId>(subject.walker->graph().nodes().size())) return;
  subject.walker->advance(subject.stream, block.end, subject.overlay, shared);
}

std::int64_t Evaluator::positions() const {
  return std::accumulate(windows_.begin(), windows_.end(), std::int64_t{0},
                         [](std::int64_t sum, const ScoredWindow& w) { return sum + w.scored(); });
}

std::vector<Series> Evaluator::finish() {
  std::vector<Head> heads;
  std::map<const sweep::Walker*, std::size_t> first_of;
  for (std::size_t s = 0; s < subjects_.size(); ++s) {
    const Subject& subject = subjects_[s];
    const auto& graph = subject.walker->graph();
    const graph::ValueId logits = *graph.find_output("logits");
    const auto end = static_cast<graph::NodeId>(graph.nodes().size());
    sweep::Program program = subject.walker->program(subject.stream, end, {&logits, 1});
    // A head that no overlay changes is packed once for all subjects of the graph.
    const auto same = first_of.find(subject.walker);
    const sweep::Operands* shared = same == first_of.end() ? nullptr : &heads[same->second].operands;
    sweep::Operands operands = sweep::prepare(graph, program, subject.overlay, shared);
    const bool by_position = program.rowwise() && !program.reads_inputs();
    heads.push_back(Head{std::move(program), std::move(operands), by_position});
    if (subject.overlay == nullptr || subject.overlay->entries().empty()) first_of.emplace(subject.walker, s);
  }

  const auto total = static_cast<std::size_t>(positions());
  std::vector<Series> series;
  for (std::size_t s = 0; s < subjects_.size(); ++s) series.emplace_back(total, has_reference_ && s > 0);
  std::vector<std::size_t> first(windows_.size());
  std::size_t at = 0;
  for (std::size_t w = 0; w < windows_.size(); ++w) {
    first[w] = at;
    at += static_cast<std::size_t>(windows_[w].scored());
  }
  parallel_for(static_cast<std::int64_t>(windows_.size()), [&](std::int64_t w) {
    const auto window = static_cast<std::size_t>(w);
    score_window(window, first[window], heads, series);
  });
  return series;
}

void Evaluator::score_window(std::size_t index, std::size_t first, std::vector<Head>& heads,
                             std::vector<Series>& series) const {
  const ScoredWindow& window = windows_[index];
  const auto length = static_cast<std::int64_t>(window.ids.size());
  std::vector<std::vector<Tensor>> seeds;
  std::vector<Tensor> whole(subjects_.size());
  for (std::size_t s = 0; s < subjects_.size(); ++s) {
    seeds.push_back(subjects_[s].stream.load(index));
    const bool sliceable = heads[s].by_position && std::all_of(seeds[s].begin(), seeds[s].end(), [&](const Tensor& t) {
                             return has_positions(t, length);
                           });
    if (!sliceable) {
      whole[s] = heads[s].program.run(heads[s].operands, subjects_[s].stream.inputs(index), seeds[s]).front();
    }
  }
  std::vector<Distribution> distributions(subjects_.size());
  for (std::int64_t begin = window.first_scored; begin < length - 1; begin += kTilePositions) {
    const std::int64_t end = std::min(length - 1, begin + kTilePositions);
    std::vector<Tensor> logits(subjects_.size());
    for (std::size_t s = 0; s < subjects_.size(); ++s) {
      if (whole[s].defined()) {
        logits[s] = slice_positions(whole[s], begin, end);
        continue;
      }
      std::vector<Tensor> part;
      for (const Tensor& seed : seeds[s]) part.push_back(slice_positions(seed, begin, end));
      logits[s] = heads[s].program.run(heads[s].operands, subjects_[s].stream.inputs(index), part).front();
    }
    for (std::int64_t p = begin; p < end; ++p) {
      const std::int64_t token = window.ids[static_cast<std::size_t>(p) + 1];
      const std::size_t place = first + static_cast<std::size_t>(p - window.first_scored);
      for (std::size_t s = 0; s < subjects_.size(); ++s) {
        const auto vocabulary = static_cast<std::size_t>(logits[s].dim(2));
        distributions[s].set(
            logits[s].values<float>().subspan(static_cast<std::size_t>(p - begin) * vocabulary, vocabulary));
        score(distributions[s], has_reference_ && s > 0 ? &distributions[0] : nullptr, token, place, series[s]);
      }
    }
  }
}

}  // namespace kerf::eval
