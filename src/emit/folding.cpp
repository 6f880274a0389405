#include "emit/folding.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "emit/weight_hash.h"
#include "quant/transforms/fold.h"

namespace kerf::emit {
namespace {

using graph::ValueId;
using Scalings = std::map<ValueId, Scaling>;

/// Factors this near to 1 are rounding.
constexpr float kRounding = 0.02F;
/// Factors explain a group if they leave less than this share of its squared error: exact ones anything less, estimated
/// ones more than chance would.
constexpr double kExact = 0.98, kEstimated = 0.9;

Scaling scaling_of(const Scalings& scalings, ValueId id) {
  const auto found = scalings.find(id);
  return found == scalings.end() ? Scaling{} : found->second;
}

bool is_any(const std::vector<float>& factors) {
  return std::any_of(factors.begin(), factors.end(), [](float s) { return std::abs(s - 1) > kRounding; });
}

/// (original + offset) / (found + offset), by channel of a norm.
std::vector<float> norm_factors(const graph::TensorSource& original, const graph::TensorSource& found, float offset) {
  const auto before = scaled_rows(original, {}, 0, original.rows()), after = scaled_rows(found, {}, 0, found.rows());
  std::vector<float> factors(before.size(), 1.0F);
  for (std::size_t c = 0; c < factors.size(); ++c) {
    const float down = after[c] + offset, up = before[c] + offset;
    if (down != 0 && up / down > 0) factors[c] = up / down;
  }
  return factors;
}

/// Of one row: sums of the squares of what is expected and of what is stored, and of their products.
struct RowSums {
  double expected = 0, stored = 0, products = 0;
};

/// Of neighbouring rows, read at once: layouts that store columns one after another are slow to read row by row.
std::vector<RowSums> row_sums(const graph::TensorSource& original, const Scaling& scaling,
                              const graph::TensorSource& found, std::int64_t first, std::int64_t count) {
  const auto width = static_cast<std::size_t>(found.row_size());
  const std::vector<float> expected = scaled_rows(original, scaling, first, count);
  std::vector<float> stored(expected.size());
  found.read_rows(first, count, stored.data());
  std::vector<RowSums> sums(static_cast<std::size_t>(count));
  for (std::size_t row = 0; row < sums.size(); ++row) {
    for (std::size_t i = row * width; i < (row + 1) * width; ++i) {
      sums[row].expected += static_cast<double>(expected[i]) * expected[i];
      sums[row].stored += static_cast<double>(stored[i]) * stored[i];
      sums[row].products += static_cast<double>(expected[i]) * stored[i];
    }
  }
  return sums;
}

/// By row: what the stored row has to be multiplied by to be nearest to the expected one.
std::vector<float> row_factors(const graph::TensorSource& original, const Scaling& scaling,
                               const graph::TensorSource& found) {
  std::vector<float> factors;
  const std::int64_t rows = original.rows(), step = hashed_rows(found);
  for (std::int64_t first = 0; first < rows; first += step) {
    for (const RowSums& row : row_sums(original, scaling, found, first, std::min(step, rows - first))) {
      factors.push_back(row.products > 0 ? static_cast<float>(row.expected / row.products) : 1.0F);
    }
  }
  return factors;
}

/// Squared relative error on rows spread over the weight, each row times the factor that suits it best: rows may have
/// been scaled too.
double sampled_error(const graph::TensorSource& original, const Scaling& scaling, const graph::TensorSource& found) {
  constexpr std::int64_t kBunches = 4, kRows = 8;  // of neighbours
  const std::int64_t rows = original.rows(), bunches = std::min((rows + kRows - 1) / kRows, kBunches);
  double error = 0, values = 0;
  for (std::int64_t i = 0; i < bunches; ++i) {
    const std::int64_t first = i * rows / bunches / kRows * kRows;
    for (const RowSums& row : row_sums(original, scaling, found, first, std::min(kRows, rows - first))) {
      error += row.stored > 0 ? row.expected - row.products * row.products / row.stored : row.expected;
      values += row.expected;
    }
  }
  return values > 0 ? error / values : 0;
}

class Search {
 public:
  Search(const graph::Graph& graph, const sweep::Plan& plan, const Counterpart& counterpart)
      : graph_(graph), plan_(plan), counterpart_(counterpart) {}

  Scalings run() {
    // Norms first: what they did to the columns of a projection must be known before its rows are looked at.
    for (const bool norms : {true, false}) {
      for (const sweep::Block& block : plan_.blocks) {
        for (const sweep::Group& group : block.groups) look_at(block, group, norms);
      }
    }
    return std::move(scalings_);
  }

 private:
  const graph::SourcePtr& original(ValueId id) const { return graph_.value(id).weight.source; }

  /// Its counterpart, if that has the same shape.
  graph::SourcePtr found(ValueId id) const {
    graph::SourcePtr source = counterpart_(id);
    return source != nullptr && source->shape() == original(id)->shape() ? source : nullptr;
  }

  void look_at(const sweep::Block& block, const sweep::Group& group, bool norms) {
    std::string reason;
    const ValueId first = plan_.sites[group.sites.front()].weight;
    const auto fold = quant::find_fold(graph_, plan_, block, group, original(first)->row_size(), reason);
    if (!fold || (fold->linear == graph::kNoValue) != norms) return;
    const ValueId producer = fold->parameters.front();
    const graph::SourcePtr stored = found(producer);
    if (stored == nullptr) return;
    const std::vector<float> rows = norms ? norm_factors(*original(producer), *stored, fold->offsets.front())
                                          : row_factors(*original(producer), scaling_of(scalings_, producer), *stored);
    std::vector<float> cols;
    for (const std::int64_t channel : fold->channels) cols.push_back(rows[static_cast<std::size_t>(channel)]);
    if (is_any(cols) && explains(group, cols, norms ? kExact : kEstimated)) accept(group, *fold, cols);
  }

  /// Are the group's weights nearer to the originals with these factors of their columns?
  bool explains(const sweep::Group& group, const std::vector<float>& cols, double share) const {
    double without = 0, with = 0;
    for (const std::size_t site : group.sites) {
      const ValueId id = plan_.sites[site].weight;
      const graph::SourcePtr stored = found(id);
      if (stored == nullptr) return false;
      Scaling scaling = scaling_of(scalings_, id);
      without += sampled_error(*original(id), scaling, *stored);
      scaling.cols = cols;
      with += sampled_error(*original(id), scaling, *stored);
    }
    return with < share * without;
  }

  void accept(const sweep::Group& group, const quant::Fold& fold, const std::vector<float>& cols) {
    for (const std::size_t site : group.sites) scalings_[plan_.sites[site].weight].cols = cols;
    std::vector<float> rows(static_cast<std::size_t>(fold.producer_channels), 1.0F);
    for (std::size_t c = 0; c < cols.size(); ++c) rows[static_cast<std::size_t>(fold.channels[c])] = cols[c];
    for (std::size_t p = 0; p < fold.parameters.size(); ++p) {
      scalings_[fold.parameters[p]].rows = rows;
      scalings_[fold.parameters[p]].offset = fold.offsets[p];
    }
  }

  const graph::Graph& graph_;
  const sweep::Plan& plan_;
  const Counterpart& counterpart_;
  Scalings scalings_;
};

}  // namespace

Scalings find_scalings(const graph::Graph& graph, const sweep::Plan& plan, const Counterpart& counterpart) {
  return Search(graph, plan, counterpart).run();
}

}  // namespace kerf::emit
