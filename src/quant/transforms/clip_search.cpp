#include "quant/transforms/clip_search.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "codec/grid.h"
#include "codec/value_range.h"
#include "core/checked.h"
#include "core/threads.h"
#include "ops/linalg.h"
#include "quant/sources.h"

namespace kerf::quant {
namespace {

using graph::ValueId;

/// Ranges that are tried: all of it, less a twentieth at each step, as the authors' code does.
constexpr int kSteps = 10;
constexpr float kStep = 1.0F / 20;
/// Columns whose errors are taken to add up to more than each by itself; those of wider groups by such parts.
constexpr std::int64_t kWidest = 512;
constexpr std::int64_t kRowsAtOnce = 64;

/// Sums of x x^T of the columns of each part, one behind the other.
class PartProducts {
 public:
  PartProducts(const std::vector<Tensor>& inputs, std::int64_t cols, std::int64_t width)
      : cols_(cols), width_(width), sums_(static_cast<std::size_t>(div_up(cols, width) * width * width)) {
    parallel_for(div_up(cols, width), [&](std::int64_t part) {
      const std::int64_t begin = part * width, own = std::min(width, cols - begin);
      for (const Tensor& x : inputs) {
        ops::linalg::gemm(true, false, own, own, x.size() / cols, 1.0F, x.data<float>() + begin, cols,
                          x.data<float>() + begin, cols, 1.0F, sums_.data() + part * width * width, own);
      }
    });
  }

  /// errors [rows, columns from `begin` on, at most a part] -> e (x x^T) e^T of each row.
  void add(const std::vector<float>& errors, std::int64_t begin, std::int64_t rows, std::vector<double>& sums) const {
    const std::int64_t own = std::min(width_, cols_ - begin);
    std::vector<float> products(static_cast<std::size_t>(rows * own));
    ops::linalg::gemm(false, false, rows, own, own, 1.0F, errors.data(), own,
                      sums_.data() + begin / width_ * width_ * width_, own, 0.0F, products.data(), own);
    for (std::int64_t r = 0; r < rows; ++r) {
      double sum = 0;
      for (std::int64_t c = r * own; c < (r + 1) * own; ++c) {
        sum += static_cast<double>(errors[static_cast<std::size_t>(c)]) *
               static_cast<double>(products[static_cast<std::size_t>(c)]);
      }
      sums[static_cast<std::size_t>(r)] += sum;
    }
  }

  std::int64_t width() const { return width_; }

 private:
  std::int64_t cols_, width_;
  std::vector<float> sums_;
};

/// `share` of the range that rounding to nearest takes for these values.
codec::ValueRange cut_range(std::span<const float> values, codec::Offset offset, float share) {
  codec::ValueRange range = codec::value_range(values);
  const float largest = std::max(range.high, -range.low);
  if (offset == codec::Offset::kSymmetric) range = {-largest, largest};
  if (offset == codec::Offset::kZeroPoint) range = {std::min(range.low, 0.0F), std::max(range.high, 0.0F)};
  const float middle = offset == codec::Offset::kMinimum ? (range.low + range.high) / 2 : 0.0F;
  return {middle + (range.low - middle) * share, middle + (range.high - middle) * share};
}

/// One weight [rows, cols] and its ranges.
class ClipSearch {
 public:
  ClipSearch(const Tensor& weights, const codec::Scheme& scheme, const PartProducts& products)
      : weights_(weights),
        scheme_(codec::with_unit(scheme, weights.values<float>())),
        grid_(codec::make_grid(scheme_)),
        products_(products) {}

  /// The weights with their ranges cut, and how many of all groups that was.
  Tensor run(std::int64_t& cut) const {
    Tensor result = weights_.clone();
    const std::int64_t rows = weights_.dim(0), tasks = div_up(rows, kRowsAtOnce), groups = scheme_.groups(cols());
    std::vector<std::int64_t> counts(static_cast<std::size_t>(tasks * groups));
    parallel_for(tasks * groups, [&](std::int64_t task) {
      const std::int64_t first = task / groups * kRowsAtOnce;
      counts[static_cast<std::size_t>(task)] =
          cut_group(first, std::min(kRowsAtOnce, rows - first), task % groups * scheme_.group_width(cols()), result);
    });
    for (const std::int64_t count : counts) cut += count;
    return result;
  }

 private:
  std::int64_t cols() const { return weights_.dim(1); }

  /// One group of some rows.
  std::int64_t cut_group(std::int64_t first, std::int64_t rows, std::int64_t begin, Tensor& result) const {
    const std::int64_t end = std::min(cols(), begin + scheme_.group_width(cols()));
    std::vector<double> least(static_cast<std::size_t>(rows), std::numeric_limits<double>::infinity());
    std::vector<float> shares(least.size(), 1.0F), values(static_cast<std::size_t>(rows * (end - begin)));
    for (int step = 0; step < kSteps; ++step) {
      const float share = 1 - static_cast<float>(step) * kStep;
      for (std::int64_t r = 0; r < rows; ++r) round(first + r, begin, end, share, values.data() + r * (end - begin));
      const std::vector<double> errors = errors_of(first, rows, begin, end, values);
      for (std::size_t r = 0; r < errors.size(); ++r) {
        if (!(errors[r] < least[r])) continue;
        least[r] = errors[r];
        shares[r] = share;
      }
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      if (shares[static_cast<std::size_t>(r)] < 1)
        clamp(first + r, begin, end, shares[static_cast<std::size_t>(r)], result);
    }
    return rows - std::count(shares.begin(), shares.end(), 1.0F);
  }

  std::span<const float> group(std::int64_t row, std::int64_t begin, std::int64_t end) const {
    return {weights_.data<float>() + row * cols() + begin, static_cast<std::size_t>(end - begin)};
  }

  void round(std::int64_t row, std::int64_t begin, std::int64_t end, float share, float* out) const {
    const auto own = group(row, begin, end);
    const codec::ValueRange range = cut_range(own, scheme_.offset, share);
    std::transform(own.begin(), own.end(), out, [&](float value) { return std::clamp(value, range.low, range.high); });
    const std::span<float> values(out, own.size());
    std::vector<std::uint8_t> codes(own.size());
    bool overflow = false;
    grid_->encode_run(values, grid_->fit(values, overflow), codes, values);
  }

  std::vector<double> errors_of(std::int64_t first, std::int64_t rows, std::int64_t begin, std::int64_t end,
                                const std::vector<float>& values) const {
    std::vector<double> sums(static_cast<std::size_t>(rows));
    for (std::int64_t part = begin; part < end; part += products_.width()) {
      const std::int64_t width = std::min(products_.width(), end - part);
      std::vector<float> errors;
      for (std::int64_t r = 0; r < rows; ++r) {
        const float* const wanted = weights_.data<float>() + (first + r) * cols() + part;
        const float* const found = values.data() + r * (end - begin) + part - begin;
        std::transform(wanted, wanted + width, found, std::back_inserter(errors), std::minus<>());
      }
      products_.add(errors, part, rows, sums);
    }
    return sums;
  }

  void clamp(std::int64_t row, std::int64_t begin, std::int64_t end, float share, Tensor& result) const {
    const codec::ValueRange range = cut_range(group(row, begin, end), scheme_.offset, share);
    float* const to = result.data<float>() + row * cols();
    for (std::int64_t c = begin; c < end; ++c) to[c] = std::clamp(to[c], range.low, range.high);
  }

  const Tensor& weights_;
  codec::Scheme scheme_;
  std::unique_ptr<const codec::Grid> grid_;
  const PartProducts& products_;
};

bool takes_ranges(const Decision& decision) {
  const codec::Scheme& scheme = decision.scheme;
  return scheme.quantized() && decision.method->by_row == codec::FitRule::kRange && !scheme.has_super_blocks() &&
         !scheme.shares_rows();
}

/// The block's error with the sites' weights rounded to nearest.
double rounded_error(const BlockContext& context, const std::vector<ValueId>& weights, sweep::Overlay trial) {
  for (const ValueId id : weights) {
    const codec::Scheme& scheme = context.candidate.decisions.at(id).scheme;
    const graph::SourcePtr source = trial.source(context.walker.graph(), id);
    trial.set(
        id, make_quantized_source(round_to_nearest(source->read(), scheme, source->label()), *source, context.budget));
  }
  return context.block_error(trial);
}

/// Parts that groups are cut into, or groups.
std::int64_t part_width(const codec::Scheme& scheme, std::int64_t cols) {
  const std::int64_t group = scheme.group_width(cols);
  if (group >= cols) return std::min(cols, kWidest);
  std::int64_t width = std::min(group, kWidest);
  while (group % width != 0) --width;
  return width;
}

}  // namespace

void search_clips(BlockContext& context, const sweep::Group& group, std::string_view name) {
  const auto& graph = context.walker.graph();
  std::vector<ValueId> weights;
  SiteReport report;
  for (const std::size_t s : group.sites) {
    const sweep::Site& site = context.walker.plan().sites[s];
    const ValueId id = site.weight;
    const auto decision = context.candidate.decisions.find(id);
    // What is used elsewhere too has other inputs there.
    if (site.linear_uses.size() != 1 || !site.lookup_uses.empty()) continue;
    if (decision == context.candidate.decisions.end() || !takes_ranges(decision->second)) continue;
    report.name += (weights.empty() ? "" : " + ") + graph.value(id).weight.name;
    report.scheme = decision->second.scheme.name;
    weights.push_back(id);
  }
  if (weights.empty()) return;
  const std::vector<Tensor> inputs = context.inputs(group, context.candidate.overlay);
  const std::int64_t cols = graph.value(weights.front()).weight.source->row_size();
  for (const Tensor& x : inputs) {
    if (x.shape().empty() || x.shape().back() != cols) return;
    report.tokens += x.size() / cols;
  }
  if (report.tokens == 0) return;
  sweep::Overlay trial = context.candidate.overlay;
  std::int64_t cut = 0, all = 0;
  for (const ValueId id : weights) {
    const codec::Scheme& scheme = context.candidate.decisions.at(id).scheme;
    const graph::SourcePtr source = trial.source(graph, id);
    const PartProducts products(inputs, cols, part_width(scheme, cols));
    const Tensor values = source->read();
    Tensor clipped = ClipSearch(values.reshaped({source->rows(), cols}), scheme, products).run(cut);
    all += source->rows() * scheme.groups(cols);
    trial.set(id, graph::make_memory_source(clipped.reshaped(source->shape()), source->label()));
  }
  report.method = name;
  report.transform = true;
  report.block_error_rtn = rounded_error(context, weights, context.candidate.overlay);
  const double error = rounded_error(context, weights, trial);
  const bool better = error < report.block_error_rtn;
  report.block_error = better ? error : report.block_error_rtn;
  report.note = better ? fmt::format("ranges cut, of {:.0f} % of the groups",
                                     100.0 * static_cast<double>(cut) / static_cast<double>(all))
                       : "ranges not cut: the block's error would not fall";
  context.candidate.ledger.push_back(std::move(report));
  if (!better) return;
  for (const ValueId id : weights) {
    context.candidate.unclipped[id] = context.candidate.overlay.source(graph, id);
    context.candidate.overlay.set(id, trial.source(graph, id));
  }
}

}  // namespace kerf::quant
