#include "eval/evaluator.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "core/threads.h"

namespace kerf::eval {
namespace {

/// Places whose logits exist at once, per subject and thread.
constexpr std::size_t kTilePlaces = 64;

using Places = std::span<const text::Place>;

/// The places' rows of [1, length, width], as [1, places, width].
Tensor rows_at(const Tensor& values, Places places) {
  const auto width = values.dim(2);
  Tensor rows(DType::kF32, {1, std::ssize(places), width});
  float* to = rows.data<float>();
  for (const text::Place& place : places) {
    const float* from = values.data<float>() + place.position * width;
    to = std::copy(from, from + width, to);
  }
  return rows;
}

bool has_rows(const Tensor& values, Places places) {
  return values.dtype() == DType::kF32 && values.rank() == 3 && values.dim(0) == 1 &&
         values.dim(1) > places.back().position;
}

/// Row `index` of logits, whose last axis is the vocabulary or the classes.
std::span<const float> row(const Tensor& logits, std::int64_t index) {
  const auto width = static_cast<std::size_t>(logits.shape().back());
  return logits.values<float>().subspan(static_cast<std::size_t>(index) * width, width);
}

bool all_known(std::span<const text::Window> windows) {
  return std::all_of(windows.begin(), windows.end(), [](const text::Window& window) {
    return std::all_of(window.places.begin(), window.places.end(),
                       [](const text::Place& place) { return place.target >= 0; });
  });
}

}  // namespace

/// The last block of one subject, ready to run.
struct Evaluator::Head {
  sweep::Program program;
  sweep::Operands operands;
  bool by_position;  ///< may run on a subset of the positions
};

Evaluator::Evaluator(std::span<const text::Window> windows, bool has_reference, std::int64_t classes, bool reverse_kl)
    : windows_(windows), has_reference_(has_reference), classes_(classes), reverse_kl_(reverse_kl) {}

std::size_t Evaluator::add(Subject subject) {
  subjects_.push_back(std::move(subject));
  return subjects_.size() - 1;
}

void Evaluator::advance(std::size_t index, const sweep::Block& block, const sweep::Operands* shared) {
  Subject& subject = subjects_[index];
  if (block.end == static_cast<graph::NodeId>(subject.walker->graph().nodes().size())) return;
  subject.walker->advance(subject.stream, block.end, subject.overlay, shared);
}

std::size_t Evaluator::places_in(std::size_t count) const {
  const auto first = windows_.first(std::min(count, windows_.size()));
  return std::accumulate(first.begin(), first.end(), std::size_t{0},
                         [](std::size_t sum, const text::Window& w) { return sum + w.places.size(); });
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
    const bool plain =
        subject.overlay == nullptr || (subject.overlay->entries().empty() && !subject.overlay->reverses_sums());
    if (plain) first_of.emplace(subject.walker, s);
  }

  std::vector<Series> series;
  const Measured measured{.targets = all_known(windows_), .classes = classes_, .reverse_kl = reverse_kl_};
  for (std::size_t s = 0; s < subjects_.size(); ++s) {
    series.emplace_back(places_in(subjects_[s].stream.size()), has_reference_ && s > 0, measured);
  }
  std::vector<std::size_t> first(windows_.size());
  std::size_t at = 0;
  for (std::size_t w = 0; w < windows_.size(); ++w) {
    first[w] = at;
    at += windows_[w].places.size();
  }
  parallel_for(static_cast<std::int64_t>(windows_.size()), [&](std::int64_t w) {
    const auto window = static_cast<std::size_t>(w);
    score_window(window, first[window], heads, series);
  });
  return series;
}

void Evaluator::score_window(std::size_t index, std::size_t first, std::vector<Head>& heads,
                             std::vector<Series>& series) const {
  const Places places = windows_[index].places;
  if (places.empty()) return;
  std::vector<std::vector<Tensor>> seeds(subjects_.size());
  std::vector<Tensor> whole(subjects_.size());
  std::vector<std::size_t> measured;  // subjects that read this window
  for (std::size_t s = 0; s < subjects_.size(); ++s) {
    if (index >= subjects_[s].stream.size()) continue;
    measured.push_back(s);
    seeds[s] = subjects_[s].stream.load(index);
    const bool by_place = heads[s].by_position && std::all_of(seeds[s].begin(), seeds[s].end(),
                                                              [&](const Tensor& t) { return has_rows(t, places); });
    if (!by_place) {
      whole[s] = heads[s].program.run(heads[s].operands, subjects_[s].stream.inputs(index), seeds[s]).front();
    }
  }
  std::vector<Distribution> distributions(subjects_.size());
  for (std::size_t begin = 0; begin < places.size(); begin += kTilePlaces) {
    const Places tile = places.subspan(begin, std::min(kTilePlaces, places.size() - begin));
    std::vector<Tensor> logits(subjects_.size());
    for (const std::size_t s : measured) {
      if (whole[s].defined()) continue;
      std::vector<Tensor> part;
      for (const Tensor& seed : seeds[s]) part.push_back(rows_at(seed, tile));
      logits[s] = heads[s].program.run(heads[s].operands, subjects_[s].stream.inputs(index), part).front();
    }
    for (std::size_t i = 0; i < tile.size(); ++i) {
      for (const std::size_t s : measured) {
        distributions[s].set(whole[s].defined() ? row(whole[s], tile[i].position)
                                                : row(logits[s], static_cast<std::int64_t>(i)));
        score(distributions[s], has_reference_ && s > 0 ? &distributions[0] : nullptr, tile[i].target,
              first + begin + i, series[s]);
      }
    }
  }
}

}  // namespace kerf::eval
