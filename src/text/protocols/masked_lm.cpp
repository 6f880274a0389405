// Pseudo-perplexity at the price of perplexity: each window is run once, with one of seven tokens hidden, others in
// each window. Runs of one window tell less than as many windows do, since what they score stands in the same text.

#include <algorithm>

#include "text/masking.h"
#include "text/protocol.h"

namespace kerf::text {
namespace {

Windows cut(const TokenStream& stream, std::int64_t context, std::int64_t limit) {
  return masked_windows(stream, context, limit, [](std::int64_t number, std::int64_t eligible) {
    const std::int64_t stride = std::min(kMaskEvery, eligible);
    return std::vector<MaskedRun>{{number % stride, stride}};
  });
}

}  // namespace

const ProtocolInfo& masked_lm_protocol() {
  static const ProtocolInfo info{.name = "masked-lm",
                                 .summary =
                                     "disjoint windows between special tokens; every 7th token is masked and "
                                     "scored, beginning with the next one in each window",
                                 .source = "Devlin et al. 2018, arXiv:1810.04805, section 3.1 (share of masks)",
                                 .task = description::Task::kMaskedLm,
                                 .figure = "pseudo-perplexity",
                                 .default_context = 512,
                                 .lacks = lacks_mask,
                                 .cut = cut};
  return info;
}

}  // namespace kerf::text
