#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What measuring gives besides plain figures: how far to trust them, where they come from. The formulas are in
/// docs/evaluation.md.
namespace kerf {

/// A figure, its standard error and the 95 % interval; tokens of a window are taken as dependent.
struct Estimate {
  double value = 0, error = 0, low = 0, high = 0;
};

/// Where the values of a series lie. `mean_error` takes tokens as independent, as llama.cpp does.
struct Spread {
  double mean = 0, mean_error = 0;
  double min = 0, p001 = 0, p01 = 0, p05 = 0, p10 = 0, p25 = 0, median = 0;
  double p75 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0, max = 0;
};

/// How a model's likelihood of the text differs from the reference's, token by token, with llama.cpp's formulas: log
/// ratio, ratio and difference of the perplexities with standard errors, and the correlation of the log likelihoods.
struct LikelihoodChange {
  double log_ratio = 0, log_ratio_error = 0;
  double ratio = 1, ratio_error = 0;
  double difference = 0, difference_error = 0;
  double correlation = 0;
};

/// Mean figures along an index: a window's number or a position in the window.
struct Profile {
  std::vector<std::int64_t> index, tokens;  ///< tokens scored there
  std::vector<double> nll, kl, top1;        ///< means; empty where they were not measured
};

/// Counts of values by size, on a logarithmic scale: bin i holds those from 10^(low + i * step) on, up to the next.
struct Histogram {
  double low = 0, step = 0;
  std::vector<std::int64_t> counts;
  std::int64_t below = 0, above = 0;  ///< smaller than the first bin, and zero or less; beyond the last
};

/// A token at which a model is far from the reference, in its context.
struct WorstToken {
  std::int64_t window = 0, position = 0;
  double kl = 0;                     ///< nats
  std::string before, token, after;  ///< text: what the model had read, the right token, what follows
  double p = 0, reference_p = 0;     ///< probability of the right token
  std::string best, reference_best;  ///< the most likely token
  double best_p = 0, reference_best_p = 0;
};

/// What a paired difference says, with a margin that does not matter.
enum class Verdict {
  kBetter,
  kWorse,
  kEquivalent,    ///< the whole interval is within the margin
  kInconclusive,  ///< the interval holds zero and reaches beyond the margin
};
/// "better", "worse", "equivalent", "inconclusive"
std::string verdict_name(Verdict verdict);

/// A difference between two models on the same tokens, in nats per token; negative is better.
struct Judgement {
  Estimate difference;
  Verdict verdict = Verdict::kInconclusive;
  std::int64_t more_tokens = 0;  ///< inconclusive: about so many more would decide; 0: not known
};

/// Two candidates against each other.
struct PairedDifference {
  std::string spec, other;                          ///< differences are those of `spec` minus those of `other`
  std::optional<Judgement> log_perplexity{}, kl{};  ///< absent where they were not measured
};

/// What is measured between the reference and itself with the terms of its matrix products summed in another order: no
/// smaller drift means anything.
struct NoiseFloor {
  std::int64_t tokens = 0, windows = 0;
  double kl_mean = 0, kl_max = 0;  ///< nats; of absolute values, since rounding may make them negative
  double log_ratio = 0;            ///< absolute value of the difference of log perplexities
  double delta_p_rms = 0;
  double top1_disagreement = 0;  ///< fraction
};

/// Where figures come from.
struct Provenance {
  std::string version;
  std::vector<std::string> build;  ///< libraries and instruction set
  std::string machine;             ///< processor, threads, memory
  std::string command;             ///< set by whoever was started with one
};

}  // namespace kerf
