// Hugging Face's guide to perplexity: overlapping windows, of which only the tokens that no window before has scored
// count, so that each is predicted from much context.

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "text/protocol.h"

namespace kerf::text {
namespace {

Windows cut(const TokenStream& stream, std::int64_t context, std::int64_t stride, std::int64_t limit) {
  const std::vector<std::int64_t> ids = with_bos(stream);
  const std::int64_t total = std::ssize(ids);
  Windows result;
  result.context = context;
  result.stride = stride;
  result.tokens_total = total;
  result.uses_bos = stream.bos.has_value();
  if (total < 2) throw_input(stream.source, "", fmt::format("the text is too short: have {} tokens, need 2", total));
  std::int64_t scored_to = 1, read_to = 0;  // nothing predicts the first id
  for (std::int64_t begin = 0; read_to < total; begin += stride) {
    const std::int64_t end = std::min(begin + context, total);
    read_to = end;
    if (scored_to >= end) continue;
    if (result.windows_total++ >= limit) continue;
    Window& window = result.windows.emplace_back();
    window.ids.assign(ids.begin() + begin, ids.begin() + end);
    for (std::int64_t at = std::max(scored_to, begin + 1); at < end; ++at) {
      window.places.push_back({at - begin - 1, ids[static_cast<std::size_t>(at)]});
    }
    scored_to = end;
    result.tokens_used += end - begin;
    result.tokens_scored += std::ssize(window.places);
  }
  result.windows_cut = std::ssize(result.windows);
  return result;
}

}  // namespace

const ProtocolInfo& strided_protocol() {
  static const ProtocolInfo info{
      .name = "strided",
      .summary = "windows that begin --stride tokens apart, each token scored in the first that holds it",
      .source = "Hugging Face transformers, docs/source/en/perplexity.md",
      .task = description::Task::kCausalLm,
      .figure = "perplexity",
      .default_context = 1024,
      .cut_overlapping = cut};
  return info;
}

}  // namespace kerf::text
