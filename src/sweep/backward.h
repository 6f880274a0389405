#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "sweep/walker.h"

namespace kerf::sweep {

/// Derivatives of a sum over windows, by values anywhere in the graph: the walk of the sweep forward, which keeps what
/// enters each block, then block by block back. What is kept (the values alive between blocks, of all windows) lives
/// in the budget and beyond it in its scratch file; of the values inside a block only those of a few windows exist at
/// once.
class Backward {
 public:
  /// Of one window's output, or of a run of its rows (positions) from `first_row` on: the derivative of the sum by it,
  /// of its shape. Called from several threads.
  using Loss = std::function<Tensor(std::size_t window, std::int64_t first_row, const Tensor& output)>;
  /// The block's values (weights, computed values) whose derivatives are asked for.
  using Wanted = std::function<std::vector<graph::ValueId>(const Block& block)>;
  /// Gets them, window after window in order, for the last block first. Of a window that goes through the last block in
  /// pieces, a call for each piece: derivatives by weights are the sum over pieces, those by computed values the
  /// piece's rows. Runs outside parallel_for.
  using Sink =
      std::function<void(const Block& block, std::size_t window, const std::map<graph::ValueId, Tensor>& derivatives)>;

  /// `output`: what the loss looks at.
  Backward(const Walker& walker, graph::ValueId output, std::shared_ptr<const std::vector<WindowInputs>> windows,
           std::shared_ptr<Budget> budget);

  /// May be called again, with another overlay.
  void run(const Overlay* overlay, const Loss& loss, const Wanted& wanted, const Sink& sink);

 private:
  using Derivatives = std::map<graph::ValueId, Tensor>;
  /// By window: derivatives by the values alive at the place that the walk back has reached.
  using Pending = std::vector<std::map<graph::ValueId, StoredTensor>>;

  struct Piece {
    Derivatives wanted;
  };
  std::vector<Piece> differentiate(const Block& block, const Program& program, const Operands& operands,
                                   const Stream& stream, std::size_t window, const Loss& loss,
                                   std::span<const graph::ValueId> wanted, Pending& pending) const;

  const Walker& walker_;
  graph::ValueId output_;
  std::shared_ptr<const std::vector<WindowInputs>> windows_;
  std::shared_ptr<Budget> budget_;
};

}  // namespace kerf::sweep
