#include "eval/profile.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace kerf::eval {
namespace {

struct Sums {
  std::int64_t tokens = 0;
  double nll = 0, kl = 0, top1 = 0;
};

Profile profile(const Series& series, const std::vector<std::int64_t>& index) {
  std::map<std::int64_t, Sums> all;
  for (std::size_t i = 0; i < index.size(); ++i) {
    Sums& sums = all[index[i]];
    ++sums.tokens;
    if (!series.nll.empty()) sums.nll += series.nll[i];
    if (series.kl.empty()) continue;
    sums.kl += series.kl[i];
    sums.top1 += series.same_top1[i];
  }
  Profile result;
  for (const auto& [at, sums] : all) {
    const auto tokens = static_cast<double>(sums.tokens);
    result.index.push_back(at);
    result.tokens.push_back(sums.tokens);
    if (!series.nll.empty()) result.nll.push_back(sums.nll / tokens);
    if (series.kl.empty()) continue;
    result.kl.push_back(sums.kl / tokens);
    result.top1.push_back(sums.top1 / tokens);
  }
  return result;
}

}  // namespace

Profile profile_by_window(const Series& series, const Layout& layout) { return profile(series, layout.window); }

Profile profile_by_position(const Series& series, const Layout& layout) { return profile(series, layout.position); }

Histogram kl_histogram(const Series& series) {
  constexpr int kDecades = 10, kBinsPerDecade = 4;
  Histogram histogram{
      .low = -8, .step = 1.0 / kBinsPerDecade, .counts = std::vector<std::int64_t>(kDecades * kBinsPerDecade)};
  for (const double kl : series.kl) {
    const double bin = kl > 0 ? std::floor((std::log10(kl) - histogram.low) / histogram.step) : -1;
    if (bin < 0) {
      ++histogram.below;
    } else if (bin >= static_cast<double>(histogram.counts.size())) {
      ++histogram.above;
    } else {
      ++histogram.counts[static_cast<std::size_t>(bin)];
    }
  }
  return histogram;
}

std::vector<std::size_t> worst_places(const Series& series, std::size_t count) {
  std::vector<std::size_t> order(series.kl.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto shown = static_cast<std::ptrdiff_t>(std::min(count, order.size()));
  // Of equal ones the first in the text: the order must not depend on the library.
  std::partial_sort(order.begin(), order.begin() + shown, order.end(), [&](std::size_t a, std::size_t b) {
    return series.kl[a] > series.kl[b] || (series.kl[a] == series.kl[b] && a < b);
  });
  order.resize(static_cast<std::size_t>(shown));
  return order;
}

}  // namespace kerf::eval
