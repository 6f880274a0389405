#include "sweep/backward.h"

#include <algorithm>
#include <utility>

#include "core/threads.h"
#include "sweep/row_tiles.h"

namespace kerf::sweep {
namespace {

using graph::ValueId;

/// Windows whose derivatives are held at once before they are handed on.
std::size_t batch_size() { return static_cast<std::size_t>(std::max(2, thread_count())); }

void add_to(StoredTensor& sum, const Tensor& part, const std::shared_ptr<Budget>& budget) {
  Tensor total = sum.load().clone();
  for (std::int64_t i = 0; i < total.size(); ++i) total.data<float>()[i] += part.data<float>()[i];
  sum = StoredTensor(std::move(total), budget);
}

}  // namespace

Backward::Backward(const Walker& walker, ValueId output, std::shared_ptr<const std::vector<WindowInputs>> windows,
                   std::shared_ptr<Budget> budget)
    : walker_(walker), output_(output), windows_(std::move(windows)), budget_(std::move(budget)) {}

std::vector<Backward::Piece> Backward::differentiate(const Block& block, const Program& program,
                                                     const Operands& operands, const Stream& stream, std::size_t window,
                                                     const Loss& loss, std::span<const ValueId> wanted,
                                                     Pending& pending) const {
  const std::vector<Tensor> seeds = stream.load(window);
  const std::vector<ValueId>& alive = stream.alive();
  const bool last = block.end == static_cast<graph::NodeId>(walker_.graph().nodes().size());
  std::vector<ValueId> of(wanted.begin(), wanted.end());
  of.insert(of.end(), alive.begin(), alive.end());

  std::vector<Piece> pieces;
  std::map<ValueId, Tensor> by_seeds;
  const auto keep = [&](Derivatives derivatives, std::int64_t first_row, bool whole) {
    for (std::size_t s = 0; s < alive.size(); ++s) {
      const auto found = derivatives.find(alive[s]);
      if (found == derivatives.end()) continue;
      if (whole) {
        by_seeds[alive[s]] = found->second;
      } else {
        Tensor& all = by_seeds[alive[s]];
        if (!all.defined()) all = Tensor::zeros(DType::kF32, seeds[s].shape());
        put_rows(found->second, all, first_row);
      }
      if (std::find(wanted.begin(), wanted.end(), alive[s]) == wanted.end()) derivatives.erase(found);
    }
    pieces.push_back({std::move(derivatives)});
  };
  Program::Record record;
  if (last && goes_by_rows(program, seeds)) {
    const std::int64_t rows = seeds[0].dim(1);
    for (std::int64_t first = 0; first < rows; first += kTileRows) {
      const std::int64_t count = std::min(kTileRows, rows - first);
      std::vector<Tensor> part;
      for (const Tensor& seed : seeds) part.push_back(rows_of(seed, first, count));
      const Tensor output = program.run(operands, stream.inputs(window), part, &record).front();
      const Tensor by_output = loss(window, first, output);
      keep(program.derivatives(record, {&by_output, 1}, of), first, false);
    }
  } else {
    const std::vector<Tensor> results = program.run(operands, stream.inputs(window), seeds, &record);
    std::vector<Tensor> by_results(results.size());
    if (last) {
      by_results[0] = loss(window, 0, results[0]);
    } else {
      for (std::size_t i = 0; i < results.size(); ++i) {
        const auto found = pending[window].find(block.live_out[i]);
        if (found != pending[window].end()) by_results[i] = found->second.load();
      }
      // What the block made has been taken; what goes past it stays.
      for (const ValueId id : block.live_out) {
        if (walker_.graph().value(id).producer >= block.begin) pending[window].erase(id);
      }
      // A value that goes past the block was among its results: only what its own nodes add is new.
      for (std::size_t i = 0; i < results.size(); ++i) {
        if (walker_.graph().value(block.live_out[i]).producer < block.begin) by_results[i] = Tensor();
      }
    }
    keep(program.derivatives(record, by_results, of), 0, true);
  }
  for (auto& [id, by] : by_seeds) {
    const auto found = pending[window].find(id);
    if (found == pending[window].end()) {
      pending[window].emplace(id, StoredTensor(std::move(by), budget_));
    } else {
      add_to(found->second, by, budget_);
    }
  }
  return pieces;
}

void Backward::run(const Overlay* overlay, const Loss& loss, const Wanted& wanted, const Sink& sink) {
  const auto& blocks = walker_.plan().blocks;
  const auto& graph = walker_.graph();
  std::vector<Stream> entering;
  entering.emplace_back(windows_, budget_);
  for (std::size_t b = 0; b + 1 < blocks.size(); ++b) {
    entering.push_back(walker_.advanced(entering.back(), blocks[b].end, overlay, nullptr));
  }
  Pending pending(windows_->size());
  for (std::size_t b = blocks.size(); b-- > 0;) {
    const Block& block = blocks[b];
    const bool last = b + 1 == blocks.size();
    const std::vector<ValueId> results = last ? std::vector<ValueId>{output_} : block.live_out;
    const Program program = walker_.program(entering[b], block.end, results);
    const Operands operands = prepare_for_derivatives(graph, program, overlay);
    const std::vector<ValueId> values = wanted(block);
    for (std::size_t begin = 0; begin < windows_->size(); begin += batch_size()) {
      const std::size_t count = std::min(batch_size(), windows_->size() - begin);
      std::vector<std::vector<Piece>> found(count);
      parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t i) {
        const auto at = static_cast<std::size_t>(i);
        found[at] = differentiate(block, program, operands, entering[b], begin + at, loss, values, pending);
      });
      for (std::size_t i = 0; i < count; ++i) {
        for (const Piece& piece : found[i]) sink(block, begin + i, piece.wanted);
      }
    }
    entering.pop_back();
  }
}

}  // namespace kerf::sweep
