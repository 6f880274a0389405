#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kerf/input.h"

/// Aims of a quantization, and what came of them. docs/evaluation.md says how they are met.
namespace kerf {

/// What a run aims at, in place of one scheme for all weights: a mixture is chosen by what each weight's rounding
/// costs, and measured. One of the first four is given.
struct QualityTarget {
  double kl = 0;                     ///< mean KL divergence, at most; nats per token
  double perplexity_increase = 0;    ///< fraction, at most
  std::uint64_t bytes = 0;           ///< of each output, at most
  std::uint64_t ram = 0;             ///< to run it, at most: weights, keys and values at `context`, activations
  std::int64_t context = 0;          ///< 0: min(2048, the model's)
  std::vector<std::string> schemes;  ///< to choose from; empty: all usual ones that every output holds exactly
  TextInput text;                    ///< to measure on; empty: the calibration text
  std::int64_t windows = 16;         ///< of it
  bool given() const { return kl > 0 || perplexity_increase > 0 || bytes > 0 || ram > 0; }
};

/// What came of a target.
struct TargetReport {
  std::string sentence;  ///< what was chosen, and what it was measured to be
  bool uniform = false;  ///< one scheme for all turned out better than the mixture of its size
  double kl = 0;         ///< measured
  double perplexity_increase = 0;
  std::uint64_t bytes = 0;     ///< of the largest output
  std::string uniform_scheme;  ///< that of one for all which is no larger and was predicted to lose least; empty: none
  double uniform_kl = 0;
  std::map<std::string, std::int64_t> weights;  ///< how many have each scheme
};

}  // namespace kerf
