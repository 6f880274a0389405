#include "quant/output_curvature.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "calibration/observer.h"
#include "core/random.h"
#include "ops/row_math.h"
#include "sweep/backward.h"

namespace kerf::quant {
namespace {

using graph::ValueId;

/// What a random place's derivative of the loss by its logits is: e = sqrt(p) z - p (sqrt(p) z), z of random signs.
/// Its mean is 0 and its covariance diag(p) - p p^T, that of p less 1 at a drawn token, but no token that is hardly
/// ever drawn weighs much when it is: estimates by signs vary least (Hutchinson 1990). `row`: p before, e after.
void perturb(std::span<float> row, Random& random) {
  std::uint64_t signs = 0;
  float along = 0;
  std::vector<float> roots(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i % 64 == 0) signs = random.next();
    roots[i] = ((signs >> (i % 64)) & 1U) != 0 ? std::sqrt(row[i]) : -std::sqrt(row[i]);
    along += roots[i];
  }
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = roots[i] - row[i] * along;
}

Tensor perturbed(std::size_t window, std::int64_t first_row, const Tensor& logits) {
  const std::int64_t width = logits.shape().back(), rows = width == 0 ? 0 : logits.size() / width;
  Tensor result = logits.clone();
  for (std::int64_t r = 0; r < rows; ++r) {
    float* const row = result.data<float>() + r * width;
    ops::softmax_row(row, width);
    // Of its own for every place, so that the result does not depend on how rows are grouped.
    Random random((static_cast<std::uint64_t>(window) << 32U) + static_cast<std::uint64_t>(first_row + r));
    perturb({row, static_cast<std::size_t>(width)}, random);
  }
  return result;
}

/// What the nodes of a block that multiply by one of the weights give, and what else is asked for: (id, value).
std::vector<std::pair<ValueId, ValueId>> outputs_of(const sweep::Walker& walker, const std::set<ValueId>& of,
                                                    const sweep::Block& block) {
  std::vector<std::pair<ValueId, ValueId>> result;
  for (const ValueId id : of) {
    const graph::NodeId producer = walker.graph().value(id).producer;
    if (producer >= block.begin && producer < block.end) result.emplace_back(id, id);
  }
  for (const sweep::Site& site : walker.plan().sites) {
    if (!of.contains(site.weight)) continue;
    for (const graph::NodeId node : site.linear_uses) {
      if (node < block.begin || node >= block.end) continue;
      result.emplace_back(site.weight, walker.graph().node(node).outputs[0]);
    }
  }
  return result;
}

/// From the tiles up to the diagonal that the observer fills to a whole matrix, over the number of tokens.
Tensor mean_of(const Tensor& sums, std::int64_t tokens) {
  const std::int64_t n = sums.dim(0);
  Tensor result(DType::kF32, {n, n});
  const float* const from = sums.data<float>();
  float* const to = result.data<float>();
  const float factor = 1.0F / static_cast<float>(std::max<std::int64_t>(tokens, 1));
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) to[i * n + j] = to[j * n + i] = factor * from[i * n + j];
  }
  return result;
}

struct Sum {
  Tensor outer;
  std::int64_t tokens = 0;
};

}  // namespace

OutputCurvature observe_output_curvature(const sweep::Walker& walker, const std::set<ValueId>& of,
                                         std::shared_ptr<const std::vector<sweep::WindowInputs>> windows,
                                         const std::shared_ptr<sweep::Budget>& budget) {
  OutputCurvature curvature;
  const calibration::ObserverInfo& outer = *calibration::find_observer("outer_product");
  // Of the block at work, and weights that blocks before it use too.
  std::map<ValueId, Sum> sums;
  std::map<ValueId, graph::NodeId> first_use;
  for (const sweep::Site& site : walker.plan().sites) {
    if (!site.linear_uses.empty()) first_use[site.weight] = site.linear_uses.front();
  }
  for (const ValueId id : of) {
    if (walker.graph().value(id).producer >= 0) first_use[id] = walker.graph().value(id).producer;
  }
  graph::NodeId reached = static_cast<graph::NodeId>(walker.graph().nodes().size());
  const auto settle = [&](graph::NodeId begin) {
    for (auto sum = sums.begin(); sum != sums.end();) {
      if (first_use.at(sum->first) < begin) {
        ++sum;
        continue;
      }
      curvature.by_id_.emplace(sum->first, sweep::StoredTensor(mean_of(sum->second.outer, sum->second.tokens), budget));
      sum = sums.erase(sum);
    }
  };
  const auto wanted = [&](const sweep::Block& block) {
    settle(reached);
    reached = block.begin;
    std::vector<ValueId> values;
    for (const auto& [id, value] : outputs_of(walker, of, block)) values.push_back(value);
    return values;
  };
  const auto add = [&](const sweep::Block& block, std::size_t, const std::map<ValueId, Tensor>& derivatives) {
    for (const auto& [id, value] : outputs_of(walker, of, block)) {
      const auto found = derivatives.find(value);
      if (found == derivatives.end()) continue;
      const std::int64_t width = found->second.shape().back(), rows = width == 0 ? 0 : found->second.size() / width;
      Sum& sum = sums[id];
      if (!sum.outer.defined()) sum.outer = Tensor::zeros(DType::kF32, outer.shape(width));
      outer.observe(found->second.data<float>(), rows, width, sum.outer);
      sum.tokens += rows;
    }
  };
  sweep::Backward(walker, *walker.graph().find_output("logits"), std::move(windows), budget)
      .run(nullptr, perturbed, wanted, add);
  settle(0);
  return curvature;
}

}  // namespace kerf::quant
