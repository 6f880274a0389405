// The evaluation of the GPTQ and AWQ papers: the text is encoded once and cut, every prediction within a window counts.

#include "text/protocol.h"

namespace kerf::text {
namespace {

Windows cut(const TokenStream& stream, std::int64_t context, std::int64_t limit) {
  return disjoint_windows(with_bos(stream), stream, context, 0, std::nullopt, limit);
}

}  // namespace

const ProtocolInfo& gptq_protocol() {
  static const ProtocolInfo info{
      .name = "gptq",
      .summary = "disjoint windows of a text encoded once, every position but the first is scored",
      .source = "Frantar et al. 2022, arXiv:2210.17323, section 4",
      .task = description::Task::kCausalLm,
      .figure = "perplexity",
      .default_context = 2048,
      .cut = cut};
  return info;
}

}  // namespace kerf::text
