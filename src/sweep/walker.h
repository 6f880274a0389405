#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sweep/plan.h"
#include "sweep/program.h"
#include "sweep/value_store.h"

namespace kerf::sweep {

/// The tensors of one window, one per graph input, each with a batch of 1.
using WindowInputs = std::vector<Tensor>;

/// All windows of a text, at one place of the graph, under one overlay: what is alive there, per window.
class Stream {
 public:
  Stream(std::shared_ptr<const std::vector<WindowInputs>> windows, std::shared_ptr<Budget> budget)
      : windows_(std::move(windows)), budget_(std::move(budget)), values_(windows_->size()) {}

  std::size_t size() const { return windows_->size(); }
  graph::NodeId position() const { return position_; }
  const std::vector<graph::ValueId>& alive() const { return alive_; }
  const WindowInputs& inputs(std::size_t window) const { return (*windows_)[window]; }
  /// The kept values of a window, in the order of alive().
  std::vector<Tensor> load(std::size_t window) const;

 private:
  friend class Walker;
  std::shared_ptr<const std::vector<WindowInputs>> windows_;
  std::shared_ptr<Budget> budget_;
  graph::NodeId position_ = 0;
  std::vector<graph::ValueId> alive_;
  std::vector<std::vector<StoredTensor>> values_;
};

/// Walks streams through a graph. Windows are the unit of work for threads; results do not depend on how many there
/// are, nor on which windows are walked together.
class Walker {
 public:
  explicit Walker(const graph::Graph& graph) : graph_(graph), plan_(make_plan(graph)) {}

  const graph::Graph& graph() const { return graph_; }
  const Plan& plan() const { return plan_; }
  /// All programs made from now on tell it about their nodes.
  void set_clock(NodeClock clock) { clock_ = std::move(clock); }

  /// A program from the stream's position to `end` that yields `wanted`.
  Program program(const Stream& stream, graph::NodeId end, std::span<const graph::ValueId> wanted) const;
  /// Weights of a block under an overlay; `shared` as in prepare().
  Operands prepare_block(const Block& block, const Overlay* overlay, const Operands* shared) const;

  /// Where the stream will be at node `end`, itself left where it is. `shared` as in advance().
  Stream advanced(const Stream& stream, graph::NodeId end, const Overlay* overlay, const Operands* shared) const;
  /// Runs the stream up to node `end` and keeps what is alive there. `shared` may hold operands of the reference.
  void advance(Stream& stream, graph::NodeId end, const Overlay* overlay, const Operands* shared) const;

  /// Runs the stream up to `end` without moving it and hands the wanted values to `sink`, window after window in order;
  /// sink runs outside parallel_for and may use it. Without `windows`: all.
  struct WindowRange {
    std::size_t begin = 0, end = 0;
  };
  using Sink = std::function<void(std::size_t window, std::span<const Tensor> values)>;
  void visit(const Stream& stream, graph::NodeId end, std::span<const graph::ValueId> wanted, const Overlay* overlay,
             const Operands* shared, std::optional<WindowRange> windows, const Sink& sink) const;

 private:
  void move(const Stream& from, Stream& to, graph::NodeId end, const Overlay* overlay, const Operands* shared) const;

  const graph::Graph& graph_;
  Plan plan_;
  NodeClock clock_;
};

}  // namespace kerf::sweep
