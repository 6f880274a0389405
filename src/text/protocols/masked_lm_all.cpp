// Every token of the text hidden and scored once: seven runs of each window. For texts too short for masked-lm.

#include <algorithm>

#include "text/masking.h"
#include "text/protocol.h"

namespace kerf::text {
namespace {

Windows cut(const TokenStream& stream, std::int64_t context, std::int64_t limit) {
  return masked_windows(stream, context, limit, [](std::int64_t, std::int64_t eligible) {
    const std::int64_t stride = std::min(kMaskEvery, eligible);
    std::vector<MaskedRun> runs;
    for (std::int64_t first = 0; first < stride; ++first) runs.push_back({first, stride});
    return runs;
  });
}

}  // namespace

const ProtocolInfo& masked_lm_all_protocol() {
  static const ProtocolInfo info{.name = "masked-lm-all",
                                 .summary =
                                     "as masked-lm, with seven runs of each window, so that every token is "
                                     "masked and scored once",
                                 .source = "Devlin et al. 2018, arXiv:1810.04805, section 3.1 (share of masks)",
                                 .task = description::Task::kMaskedLm,
                                 .figure = "pseudo-perplexity",
                                 .default_context = 512,
                                 .lacks = lacks_mask,
                                 .cut = cut};
  return info;
}

}  // namespace kerf::text
