#include "report/metrics.h"

#include <algorithm>
#include <cmath>

#include "kerf/gate.h"

namespace kerf {

std::vector<Named> metrics() {
  std::vector<Named> list;
  for (const report::Metric& metric : report::all_metrics()) {
    list.push_back({std::string(metric.key), std::string(metric.summary),
                    metric.better == report::Better::kLower    ? "lower is better"
                    : metric.better == report::Better::kHigher ? "higher is better"
                                                               : ""});
  }
  return list;
}

namespace report {

const std::vector<Metric>& all_metrics() {
  using enum Better;
  using enum Floor;
  static const std::vector<Metric> all = {
      {.key = "perplexity", .summary = "exp of the mean negative log likelihood per token"},
      {.key = "perplexity_increase", .summary = "the perplexity over the reference's, less one", .floor = kLogRatio},
      {.key = "perplexity_ratio", .summary = "the perplexity over the reference's", .floor = kLogRatio, .at_rest = 1},
      {.key = "perplexity_log_ratio", .summary = "logarithm of that ratio", .floor = kLogRatio},
      {.key = "perplexity_difference", .summary = "the perplexity less the reference's"},
      {.key = "perplexity_correlation", .summary = "of the log likelihoods of both, token by token", .better = kHigher},
      {.key = "word_perplexity", .summary = "per word, of the protocol lm-eval"},
      {.key = "byte_perplexity", .summary = "per byte, of the protocol lm-eval"},
      {.key = "bits_per_byte", .summary = "of the protocol lm-eval"},
      {.key = "entropy", .summary = "classifiers: mean entropy of the distributions, nats", .better = kNeither},
      {.key = "accuracy", .summary = "classifiers: fraction of the labels found", .better = kHigher},
      {.key = "kl_mean", .summary = "mean KL(reference || model), nats per token", .floor = kKlMean},
      {.key = "kl_min", .summary = "smallest KL, nats", .better = kNeither},
      {.key = "kl_p001", .summary = "0.1 % of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_p01", .summary = "1 % of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_p05", .summary = "5 % of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_p10", .summary = "10 % of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_p25", .summary = "25 % of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_median", .summary = "half of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_p75", .summary = "75 % of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_p90", .summary = "90 % of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_p95", .summary = "95 % of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_p99", .summary = "99 % of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_p999", .summary = "99.9 % of the tokens have no larger KL", .floor = kKlMax},
      {.key = "kl_max", .summary = "largest KL, nats", .floor = kKlMax},
      {.key = "reverse_kl_mean", .summary = "mean KL(model || reference), nats", .floor = kKlMean},
      {.key = "reverse_kl_median", .summary = "its median", .floor = kKlMax},
      {.key = "reverse_kl_p99", .summary = "its 99 % quantile", .floor = kKlMax},
      {.key = "reverse_kl_max", .summary = "its largest value", .floor = kKlMax},
      {.key = "top1_agreement",
       .summary = "fraction of tokens at which both find the same one most likely",
       .better = kHigher,
       .floor = kTop1,
       .at_rest = 1},
      {.key = "top5_agreement",
       .summary = "share of the reference's five most likely tokens among the model's five",
       .better = kHigher},
      {.key = "delta_p_rms", .summary = "root mean square change of the right token's probability", .floor = kDeltaP},
      {.key = "delta_p_mean", .summary = "mean change of the right token's probability", .better = kHigher},
      {.key = "delta_p_min", .summary = "largest loss of a right token's probability", .better = kHigher},
      {.key = "delta_p_p01", .summary = "1 % of the right tokens lose more", .better = kHigher},
      {.key = "delta_p_p05", .summary = "5 % of the right tokens lose more", .better = kHigher},
      {.key = "delta_p_max", .summary = "largest gain of a right token's probability", .better = kNeither},
      {.key = "tokens_scored", .summary = "predictions that count", .better = kHigher},
      {.key = "bytes", .summary = "of all files", .is_bytes = true},
      {.key = "bits_per_weight", .summary = "8 * tensor bytes / parameters"},
      {.key = "run_bytes", .summary = "memory to run it: weights, keys and values, activations", .is_bytes = true},
      {.key = "fallback_weights", .summary = "weights that got another scheme than the recipe asks for"},
      {.key = "fallback_share", .summary = "their share of the quantized values"},
      {.key = "reverted_sites", .summary = "sites where the method gave way to rounding"},
      {.key = "layer_error_max", .summary = "largest mean squared output error of a site, relative to its output"},
      {.key = "layer_error_mean", .summary = "mean of those errors"},
      {.key = "seconds", .summary = "quantization and evaluation"},
      {.key = "peak_ram_bytes", .summary = "largest resident memory of kerf itself", .is_bytes = true},
  };
  return all;
}

const Metric* find_metric(std::string_view key) {
  const auto& all = all_metrics();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Metric& metric) { return metric.key == key; });
  return found == all.end() ? nullptr : &*found;
}

std::optional<double> floor_of(const Metric& metric, const Json& noise_floor) {
  const auto figure = [&](const char* key) -> std::optional<double> {
    const Json* value = noise_floor.find(key);
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return std::abs(value->as_double());
  };
  switch (metric.floor) {
    case Floor::kNone:
      return 0;
    case Floor::kKlMean:
      return figure("kl_mean");
    case Floor::kKlMax:
      return figure("kl_max");
    case Floor::kLogRatio:
      return figure("perplexity_log_ratio");
    case Floor::kDeltaP:
      return figure("delta_p_rms");
    case Floor::kTop1:
      return figure("top1_disagreement");
  }
  return std::nullopt;
}

}  // namespace report
}  // namespace kerf
