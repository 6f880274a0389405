#include "report/site_figures.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace kerf::report {
namespace {

double elements(const TensorPlan& tensor) {
  return std::accumulate(tensor.shape.begin(), tensor.shape.end(), 1.0,
                         [](double product, std::int64_t d) { return product * static_cast<double>(d); });
}

}  // namespace

SiteFigures site_figures(const Measurement& measurement) {
  SiteFigures figures;
  double quantized = 0, fallen_back = 0;
  std::int64_t weights = 0;
  for (const TensorPlan& tensor : measurement.tensors) {
    if (tensor.method.empty()) continue;
    quantized += elements(tensor);
    if (!tensor.fallback) continue;
    fallen_back += elements(tensor);
    ++weights;
  }
  if (quantized > 0) {
    figures.fallback_weights = weights;
    figures.fallback_share = fallen_back / quantized;
  }
  std::int64_t solved = 0, reverted = 0, measured = 0;
  double sum = 0, largest = 0;
  for (const SiteReport& site : measurement.sites) {
    if (site.transform) continue;
    ++solved;
    reverted += site.reverted;
    if (site.tokens == 0) continue;
    ++measured;
    sum += site.objective;
    largest = std::max(largest, site.objective);
  }
  if (solved > 0) figures.reverted_sites = reverted;
  if (measured > 0) {
    figures.layer_error_max = largest;
    figures.layer_error_mean = sum / static_cast<double>(measured);
  }
  return figures;
}

}  // namespace kerf::report
