#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "ops/op.h"
#include "sweep/overlay.h"
#include "sweep/plan.h"

namespace kerf::sweep {

/// Weights and constants made ready for kernels, by value id, and what is rounded before nodes read it. Immutable and
/// cheap to copy: entries are shared.
struct Operands : std::map<graph::ValueId, ops::Operand> {
  InputRoundings roundings;
};

/// Told which node ran for how many seconds, from any thread; benchmarks look where the time goes with it.
using NodeClock = std::function<void(const graph::Node& node, double seconds)>;

/// The nodes of [begin, end) that `wanted` values need, and the free nodes before them, ready to run for one window
/// after another. Thread-safe once made.
class Program {
 public:
  /// `seeds`: kept values that the caller will provide at run time.
  Program(const graph::Graph& graph, const Plan& plan, graph::NodeId begin, graph::NodeId end,
          std::span<const graph::ValueId> seeds, std::span<const graph::ValueId> wanted);

  /// Weights and constants that the nodes read, ascending.
  const std::vector<graph::ValueId>& parameters() const { return parameters_; }
  /// May every node be run on a subset of the positions (all axes but the last)?
  bool rowwise() const { return rowwise_; }
  /// Does a node read an input of the graph (a mask, positions)?
  bool reads_inputs() const { return !input_slots_.empty(); }
  void set_clock(NodeClock clock) { clock_ = std::move(clock); }

  /// All values of one run; shares the operands.
  using Record = std::vector<ops::Operand>;

  /// `inputs`: one tensor per graph input. `seeds` as given to the constructor, in that order. Returns the wanted
  /// values. With `record` nothing is dropped: it holds what derivatives() needs.
  std::vector<Tensor> run(const Operands& operands, std::span<const Tensor> inputs, std::span<const Tensor> seeds,
                          Record* record = nullptr) const;

  /// Derivatives of a scalar by values `of` (seeds, parameters, computed values of the nodes), given those by the
  /// wanted values in `by_wanted` (not defined: it does not depend on that one). Values that it does not depend on are
  /// absent. The record must come from operands that were prepared for derivatives.
  std::map<graph::ValueId, Tensor> derivatives(const Record& record, std::span<const Tensor> by_wanted,
                                               std::span<const graph::ValueId> of) const;

 private:
  struct Step {
    const graph::Node* node;
    graph::NodeId id;
    const ops::OpInfo* op;
    std::vector<int> inputs, outputs;  ///< slots; -1: absent
    std::vector<int> drops;            ///< slots not read again
  };
  int slot_for(graph::ValueId value);
  void run_step(const Step& step, ops::KernelContext& context) const;
  std::vector<bool> depends_on(std::span<const graph::ValueId> of) const;

  std::vector<Step> steps_;
  std::map<graph::ValueId, int> slots_;
  std::vector<std::pair<int, std::size_t>> input_slots_;  ///< slot, index of the graph input
  std::vector<int> seed_slots_, wanted_slots_;
  std::vector<std::pair<graph::ValueId, int>> parameter_slots_;
  std::vector<graph::ValueId> parameters_;
  bool rowwise_ = true;
  NodeClock clock_;
};

/// Reads and packs the parameters of a program under an overlay. What `shared` already holds, and the overlay does not
/// replace, is taken from there. Roundings are the overlay's alone.
Operands prepare(const graph::Graph& graph, const Program& program, const Overlay* overlay, const Operands* shared);

/// The same for Program::derivatives(): packed weights come with their transpose. Nothing is shared.
Operands prepare_for_derivatives(const graph::Graph& graph, const Program& program, const Overlay* overlay);

}  // namespace kerf::sweep
