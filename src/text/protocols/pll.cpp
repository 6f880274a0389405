// The pseudo-log-likelihood by its definition: each token is predicted from all others. As many runs as tokens.

#include "text/masking.h"
#include "text/protocol.h"

namespace kerf::text {
namespace {

Windows cut(const TokenStream& stream, std::int64_t context, std::int64_t limit) {
  return masked_windows(stream, context, limit, [](std::int64_t, std::int64_t eligible) {
    std::vector<MaskedRun> runs;
    for (std::int64_t first = 0; first < eligible; ++first) runs.push_back({first, eligible});
    return runs;
  });
}

}  // namespace

const ProtocolInfo& pll_protocol() {
  static const ProtocolInfo info{.name = "pll",
                                 .summary =
                                     "disjoint windows between special tokens, one run for each token, which "
                                     "alone is masked and scored; slow",
                                 .source = "Salazar et al. 2020, arXiv:1910.14659, equations 2 and 5",
                                 .task = description::Task::kMaskedLm,
                                 .figure = "pseudo-perplexity",
                                 .default_context = 128,
                                 .lacks = lacks_mask,
                                 .cut = cut};
  return info;
}

}  // namespace kerf::text
