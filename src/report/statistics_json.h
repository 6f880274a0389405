#pragma once

#include <string>

#include "kerf/kerf.h"

#include "core/json.h"

namespace kerf::report {

/// Sets PREFIX_mean, PREFIX_stderr, PREFIX_median, PREFIX_p90 and the other figures of a spread.
void set_spread(Json::Object& out, const std::string& prefix, const Spread& spread);
/// The keys perplexity_log_ratio, perplexity_ratio, perplexity_increase, perplexity_difference, each but the increase
/// with _stderr, and perplexity_correlation.
void set_likelihood(Json::Object& out, const LikelihoodChange& change);

/// {stderr, low, high}
Json::Object interval_json(const Estimate& estimate);
/// {difference, stderr, low, high, verdict, more_tokens}; without bounds where there are none.
Json::Object judgement_json(const Judgement& judgement);
/// {index, tokens, nll, kl, top1}: arrays, those that were measured. `index_name`: "window".
Json::Object profile_json(const Profile& profile, const std::string& index_name);
/// {log10_low, log10_step, counts, below, above}
Json::Object histogram_json(const Histogram& histogram);
Json::Array worst_json(const std::vector<WorstToken>& worst);
/// {kl_mean, kl_max, perplexity_log_ratio, delta_p_rms, top1_disagreement, tokens, windows}
Json::Object noise_floor_json(const NoiseFloor& floor);
/// {version, build, machine, command}
Json::Object provenance_json(const Provenance& provenance);
/// {spec, other, perplexity, kl}
Json::Array pairs_json(const std::vector<PairedDifference>& pairs);

}  // namespace kerf::report
