#include "eval/verdict.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "eval/estimate.h"
#include "eval/spread.h"

namespace kerf {

std::string verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter:
      return "better";
    case Verdict::kWorse:
      return "worse";
    case Verdict::kEquivalent:
      return "equivalent";
    case Verdict::kInconclusive:
      break;
  }
  return "inconclusive";
}

namespace eval {

Judgement judge(const Estimate& difference, double margin, std::int64_t tokens) {
  Judgement judgement{.difference = difference};
  if (difference.low >= -margin && difference.high <= margin) {
    judgement.verdict = Verdict::kEquivalent;
  } else if (difference.low > 0) {
    judgement.verdict = Verdict::kWorse;
  } else if (difference.high < 0) {
    judgement.verdict = Verdict::kBetter;
  } else {
    const double half = (difference.high - difference.low) / 2, size = std::abs(difference.value);
    const double enough = std::max(size, margin - size);
    const double ratio = half / enough;
    if (std::isfinite(ratio) && ratio > 1 && ratio < 1e4) {
      judgement.more_tokens = std::llround(static_cast<double>(tokens) * (ratio * ratio - 1));
    }
  }
  return judgement;
}

Judgement judge_pair(std::span<const double> a, std::span<const double> b, const Layout& layout, double margin) {
  std::vector<double> differences(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) differences[i] = a[i] - b[i];
  constexpr double kUnbounded = std::numeric_limits<double>::infinity();
  const Estimate unknown{mean_of(differences), kUnbounded, -kUnbounded, kUnbounded};
  return judge(estimate_mean(differences, layout).value_or(unknown), margin, static_cast<std::int64_t>(a.size()));
}

}  // namespace eval
}  // namespace kerf
