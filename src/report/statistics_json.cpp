#include "report/statistics_json.h"

#include <cmath>

#include "core/json_strings.h"

namespace kerf::report {
namespace {

template <typename Value>
Json::Array numbers(const std::vector<Value>& values) {
  return {values.begin(), values.end()};
}

}  // namespace

void set_spread(Json::Object& out, const std::string& prefix, const Spread& s) {
  const std::pair<const char*, double> figures[] = {
      {"mean", s.mean}, {"stderr", s.mean_error}, {"min", s.min}, {"p001", s.p001},     {"p01", s.p01},
      {"p05", s.p05},   {"p10", s.p10},           {"p25", s.p25}, {"median", s.median}, {"p75", s.p75},
      {"p90", s.p90},   {"p95", s.p95},           {"p99", s.p99}, {"p999", s.p999},     {"max", s.max}};
  for (const auto& [name, value] : figures) out.set(prefix + "_" + name, value);
}

void set_likelihood(Json::Object& out, const LikelihoodChange& change) {
  out.set("perplexity_log_ratio", change.log_ratio);
  out.set("perplexity_log_ratio_stderr", change.log_ratio_error);
  out.set("perplexity_ratio", change.ratio);
  out.set("perplexity_ratio_stderr", change.ratio_error);
  out.set("perplexity_increase", std::expm1(change.log_ratio));
  out.set("perplexity_difference", change.difference);
  out.set("perplexity_difference_stderr", change.difference_error);
  out.set("perplexity_correlation", change.correlation);
}

Json::Object interval_json(const Estimate& estimate) {
  Json::Object out;
  out.set("stderr", estimate.error);
  out.set("low", estimate.low);
  out.set("high", estimate.high);
  return out;
}

Json::Object judgement_json(const Judgement& judgement) {
  Json::Object out;
  out.set("difference", judgement.difference.value);
  if (std::isfinite(judgement.difference.error)) {
    for (const auto& [key, value] : interval_json(judgement.difference)) out.set(key, value);
  }
  out.set("verdict", verdict_name(judgement.verdict));
  if (judgement.more_tokens > 0) out.set("more_tokens", judgement.more_tokens);
  return out;
}

Json::Object profile_json(const Profile& profile, const std::string& index_name) {
  Json::Object out;
  out.set(index_name, numbers(profile.index));
  out.set("tokens", numbers(profile.tokens));
  if (!profile.nll.empty()) out.set("nll", numbers(profile.nll));
  if (!profile.kl.empty()) out.set("kl", numbers(profile.kl));
  if (!profile.top1.empty()) out.set("top1_agreement", numbers(profile.top1));
  return out;
}

Json::Object histogram_json(const Histogram& histogram) {
  Json::Object out;
  out.set("log10_low", histogram.low);
  out.set("log10_step", histogram.step);
  out.set("counts", numbers(histogram.counts));
  out.set("below", histogram.below);
  out.set("above", histogram.above);
  return out;
}

Json::Array worst_json(const std::vector<WorstToken>& worst) {
  Json::Array out;
  for (const WorstToken& token : worst) {
    Json::Object entry;
    entry.set("kl", token.kl);
    entry.set("window", token.window);
    entry.set("position", token.position);
    entry.set("before", utf8_text(token.before));
    entry.set("token", utf8_text(token.token));
    entry.set("after", utf8_text(token.after));
    entry.set("p", token.p);
    entry.set("reference_p", token.reference_p);
    entry.set("best", utf8_text(token.best));
    entry.set("best_p", token.best_p);
    entry.set("reference_best", utf8_text(token.reference_best));
    entry.set("reference_best_p", token.reference_best_p);
    out.emplace_back(std::move(entry));
  }
  return out;
}

Json::Object noise_floor_json(const NoiseFloor& floor) {
  Json::Object out;
  out.set("kl_mean", floor.kl_mean);
  out.set("kl_max", floor.kl_max);
  out.set("perplexity_log_ratio", floor.log_ratio);
  out.set("delta_p_rms", floor.delta_p_rms);
  out.set("top1_disagreement", floor.top1_disagreement);
  out.set("tokens", floor.tokens);
  out.set("windows", floor.windows);
  return out;
}

Json::Object provenance_json(const Provenance& provenance) {
  Json::Object out;
  out.set("version", provenance.version);
  out.set("build", strings_json(provenance.build));
  out.set("machine", utf8_text(provenance.machine));
  if (!provenance.command.empty()) out.set("command", utf8_text(provenance.command));
  return out;
}

Json::Array pairs_json(const std::vector<PairedDifference>& pairs) {
  Json::Array out;
  for (const PairedDifference& pair : pairs) {
    Json::Object entry;
    entry.set("spec", utf8_text(pair.spec));
    entry.set("other", utf8_text(pair.other));
    if (pair.log_perplexity) entry.set("perplexity", judgement_json(*pair.log_perplexity));
    if (pair.kl) entry.set("kl", judgement_json(*pair.kl));
    out.emplace_back(std::move(entry));
  }
  return out;
}

}  // namespace kerf::report
