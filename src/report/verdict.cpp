#include "report/verdict.h"

#include <cmath>

#include <fmt/format.h>

#include "core/strings.h"
#include "report/figures.h"

namespace kerf::report {

std::string change_text(double log_ratio) {
  const std::string digits = fixed(100 * std::expm1(log_ratio), 2);
  return (digits[0] == '-' ? "" : "+") + digits + "%";
}

std::string change_with_interval(const Judgement& judgement) {
  const Estimate& d = judgement.difference;
  if (!std::isfinite(d.error)) return change_text(d.value);
  const double half = (std::expm1(d.high) - std::expm1(d.low)) / 2;
  return fmt::format("{} \u00B1 {}", change_text(d.value), fixed(100 * half, 2));
}

std::string verdict_text(const Judgement& judgement) {
  if (judgement.verdict != Verdict::kInconclusive) return verdict_name(judgement.verdict);
  if (judgement.more_tokens <= 0) return "inconclusive, the text is too short";
  // Two digits: it is an estimate.
  const double digits = std::pow(10.0, std::floor(std::log10(static_cast<double>(judgement.more_tokens))) - 1);
  const double tokens = digits < 1 ? static_cast<double>(judgement.more_tokens)
                                   : std::ceil(static_cast<double>(judgement.more_tokens) / digits) * digits;
  return fmt::format("inconclusive, about {} more tokens needed", with_commas(static_cast<std::uint64_t>(tokens)));
}

std::string noise_floor_text(const NoiseFloor& floor) {
  return fmt::format(
      "KL mean {:.1e} and at most {:.1e} nats, perplexity {:.1e} %, RMS delta p {:.1e} %, top-1 {}: the "
      "reference against itself with sums in another order, over {}",
      floor.kl_mean, floor.kl_max, 100 * std::expm1(floor.log_ratio), 100 * floor.delta_p_rms,
      percent(floor.top1_disagreement), counted(floor.tokens, "token"));
}

}  // namespace kerf::report
