#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "description/description.h"
#include "graph/graph.h"
#include "quant/pruner.h"
#include "sweep/plan.h"

namespace kerf::quant {

/// Input channels of a weight that can disappear together with what makes them and nothing else reads: neurons of a
/// feed-forward, key-value heads of an attention with the query heads that share them. Removing a unit leaves the
/// function as if the weight's columns of that unit were zero.
struct Reduction {
  /// Rows of a weight or bias: those from offset + u * width on, `width` of them, belong to unit u.
  struct Rows {
    std::int64_t offset = 0, width = 0;
  };

  const PrunerInfo* pruner = nullptr;
  std::int64_t units = 0, kept = 0;  ///< there are, and stay
  std::int64_t width = 0;            ///< input channels of a unit; unit u has those from u * width on
  std::map<graph::ValueId, std::vector<Rows>> producers;

  /// Input channels that stay if these units do, both ascending.
  std::vector<std::int64_t> columns(const std::vector<std::int64_t>& units_kept) const;
  /// Rows of a producer with `rows` rows that stay.
  std::vector<std::int64_t> rows_of(graph::ValueId producer, std::int64_t rows,
                                    const std::vector<std::int64_t>& units_kept) const;
};

/// What disappears from a model, and what it then is.
struct Structure {
  std::map<graph::ValueId, Reduction> by_consumer;
  std::map<graph::ValueId, graph::ValueId> consumer_of;  ///< of each producer
  description::Model model;                              ///< with the smaller hyperparameters and config.json
  std::vector<std::string> removed;                      ///< "neurons:25%: 1152 of 1536 neurons of each layer stay"

  /// Rows and columns that a weight will have, given those that it has.
  std::pair<std::int64_t, std::int64_t> shape_of(graph::ValueId weight, std::int64_t rows, std::int64_t cols) const;
};

/// All choices must be structured. As many units stay in every layer. Of neurons a multiple of 32 stays where there is
/// one. Error(kUsage) naming the weight, or the family, where something cannot be removed exactly or config.json
/// cannot say so.
std::shared_ptr<const Structure> plan_structure(const graph::Graph& graph, const sweep::Plan& plan,
                                                const description::Model& model,
                                                const std::vector<PruneChoice>& choices);

}  // namespace kerf::quant
