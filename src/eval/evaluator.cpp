#include "eval/evaluator.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "core/threads.h"

namespace kerf::eval {
namespace {

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

bool is_plain(const Subject& subject) {
  return subject.overlay == nullptr || (subject.overlay->entries().empty() && !subject.overlay->reverses_sums());
}

}  // namespace

/// The last block of one subject, ready to run.
struct Evaluator::Head {
  std::size_t subject;
  sweep::Program program;
  sweep::Operands operands;
  bool by_position;     ///< may run on a subset of the positions
  bool scored = false;  ///< with an earlier group; it is here as the reference of this one
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

std::vector<Series> Evaluator::finish(std::size_t heads_at_once) {
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
  std::vector<Head> heads;
  for (std::size_t next = 0; next < subjects_.size();) {
    next = make_heads(next, heads_at_once, heads);
    parallel_for(static_cast<std::int64_t>(windows_.size()), [&](std::int64_t w) {
      const auto window = static_cast<std::size_t>(w);
      score_window(window, first[window], heads, series);
    });
  }
  return series;
}

std::size_t Evaluator::make_heads(std::size_t next, std::size_t at_once, std::vector<Head>& heads) const {
  if (heads.empty() || !has_reference_) {
    heads.clear();
  } else {
    heads.erase(heads.begin() + 1, heads.end());
    heads.front().scored = true;
  }
  const std::size_t least = has_reference_ ? 2 : 1;
  for (; next < subjects_.size() && heads.size() < std::max(at_once, least); ++next) {
    const Subject& subject = subjects_[next];
    const auto& graph = subject.walker->graph();
    const graph::ValueId logits = *graph.find_output("logits");
    sweep::Program program =
        subject.walker->program(subject.stream, static_cast<graph::NodeId>(graph.nodes().size()), {&logits, 1});
    // A head that no overlay changes is packed once for all subjects of the graph.
    const auto same = std::find_if(heads.begin(), heads.end(), [&](const Head& head) {
      return subjects_[head.subject].walker == subject.walker && is_plain(subjects_[head.subject]);
    });
    const sweep::Operands* shared = same == heads.end() ? nullptr : &same->operands;
    sweep::Operands operands = sweep::prepare(graph, program, subject.overlay, shared);
    const bool by_position = program.rowwise() && !program.reads_inputs();
    heads.push_back(Head{next, std::move(program), std::move(operands), by_position});
  }
  return next;
}

void Evaluator::score_window(std::size_t index, std::size_t first, const std::vector<Head>& heads,
                             std::vector<Series>& series) const {
  const Places places = windows_[index].places;
  if (places.empty()) return;
  std::vector<std::vector<Tensor>> seeds(heads.size());
  std::vector<Tensor> whole(heads.size());
  std::vector<std::size_t> measured;  // heads whose subjects read this window
  for (std::size_t h = 0; h < heads.size(); ++h) {
    const sweep::Stream& stream = subjects_[heads[h].subject].stream;
    if (index >= stream.size()) continue;
    measured.push_back(h);
    seeds[h] = stream.load(index);
    const bool by_place = heads[h].by_position && std::all_of(seeds[h].begin(), seeds[h].end(),
                                                              [&](const Tensor& t) { return has_rows(t, places); });
    if (!by_place) whole[h] = heads[h].program.run(heads[h].operands, stream.inputs(index), seeds[h]).front();
  }
  std::vector<Distribution> distributions(heads.size());
  for (std::size_t begin = 0; begin < places.size(); begin += kTilePlaces) {
    const Places tile = places.subspan(begin, std::min(kTilePlaces, places.size() - begin));
    std::vector<Tensor> logits(heads.size());
    for (const std::size_t h : measured) {
      if (whole[h].defined()) continue;
      std::vector<Tensor> part;
      for (const Tensor& seed : seeds[h]) part.push_back(rows_at(seed, tile));
      const auto& inputs = subjects_[heads[h].subject].stream.inputs(index);
      logits[h] = heads[h].program.run(heads[h].operands, inputs, part).front();
    }
    for (std::size_t i = 0; i < tile.size(); ++i) {
      for (const std::size_t h : measured) {
        distributions[h].set(whole[h].defined() ? row(whole[h], tile[i].position)
                                                : row(logits[h], static_cast<std::int64_t>(i)));
        if (heads[h].scored) continue;
        const bool compared = has_reference_ && heads[h].subject > 0;
        score(distributions[h], compared ? &distributions[0] : nullptr, tile[i].target, first + begin + i,
              series[heads[h].subject]);
      }
    }
  }
}

}  // namespace kerf::eval
