#include "report/sentence.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/strings.h"
#include "report/figures.h"
#include "report/verdict.h"

namespace kerf::report {
namespace {

std::string size_part(const Measurement& candidate, const Measurement& reference) {
  if (candidate.bytes == 0 || reference.bytes == 0) return "";
  const double ratio = static_cast<double>(reference.bytes) / static_cast<double>(candidate.bytes);
  if (ratio >= 1.005) return fixed(ratio, ratio < 10 ? 1 : 0) + " times smaller";
  return ratio <= 0.995 ? fixed(1 / ratio, 1) + " times larger" : "as large";
}

std::string perplexity_part(const Measurement& candidate, const TextFigures& text) {
  if (!candidate.judgement || !candidate.perplexity) return "";
  return text.figure + " " + change_with_interval(*candidate.judgement);
}

std::string agreement_part(const Measurement& candidate, const TextFigures& text) {
  if (!candidate.top1_agreement) return "";
  const std::string thing = text.by_line ? "line" : "token";
  const double differing = 1 - *candidate.top1_agreement;
  if (differing <= 0) return fmt::format("no {} differs", thing);
  if (differing > 0.4) return fmt::format("{} of the {}s differ", percent(differing), thing);
  return fmt::format("one {} in {} differs", thing,
                     with_commas(static_cast<std::uint64_t>(std::llround(1 / differing))));
}

}  // namespace

std::string plain_bytes(double bytes) {
  if (bytes >= 1e8) return fixed(bytes / 1e9, bytes < 1e10 ? 1 : 0) + " GB";
  if (bytes >= 1e5) return fixed(bytes / 1e6, 1) + " MB";
  return fixed(bytes / 1e3, 1) + " kB";
}

std::string plain_sentence(const Measurement& candidate, const Measurement& reference, const TextFigures& text) {
  std::vector<std::string> parts;
  for (std::string& part : std::vector<std::string>{
           size_part(candidate, reference),
           candidate.run_bytes > 0 ? "runs in " + plain_bytes(static_cast<double>(candidate.run_bytes)) : "",
           perplexity_part(candidate, text), agreement_part(candidate, text)}) {
    if (!part.empty()) parts.push_back(std::move(part));
  }
  return join(parts, ", ");
}

std::size_t leading_candidate(const std::vector<Measurement>& candidates) {
  const auto kl = [](const Measurement& m) { return m.kl ? m.kl->mean : 0; };
  std::size_t best = 0;
  bool has_equivalent = false;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Measurement& m = candidates[i];
    if (m.judgement && m.judgement->verdict == Verdict::kEquivalent) {
      if (!has_equivalent || m.bytes < candidates[best].bytes) best = i;
      has_equivalent = true;
    } else if (!has_equivalent && kl(m) < kl(candidates[best])) {
      best = i;
    }
  }
  return best;
}

}  // namespace kerf::report
