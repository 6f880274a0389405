// An encoder reads the first half of each window, the decoder is to write the second: what a model that continues
// texts does, and the only protocol where a tokenizer has no sentinels.

#include "text/framing.h"
#include "text/protocol.h"

namespace kerf::text {
namespace {

Windows cut(const TokenStream& stream, std::int64_t context, std::int64_t limit) {
  constexpr std::int64_t kTwoHalves = 2;
  return framed_windows(
      stream, context, limit,
      [&](std::int64_t, std::span<const std::int64_t> ids, std::vector<Window>& windows) {
        const std::size_t half = ids.size() / 2;
        Window& window = windows.emplace_back(Window{.ids = framed(stream.special, ids.first(half))});
        for (const std::int64_t id : ids.subspan(half)) {
          window.places.push_back({std::ssize(window.decoder_ids), id});
          window.decoder_ids.push_back(id);
        }
      },
      kTwoHalves);
}

}  // namespace

const ProtocolInfo& prefix_lm_protocol() {
  static const ProtocolInfo info{.name = "prefix-lm",
                                 .summary =
                                     "disjoint windows; the encoder reads the first half of each between "
                                     "special tokens, the decoder's predictions of the second are scored",
                                 .source = "Raffel et al. 2020, arXiv:1910.10683, table 3",
                                 .task = description::Task::kSequenceToSequence,
                                 .figure = "perplexity",
                                 .default_context = 512,
                                 .cut = cut};
  return info;
}

}  // namespace kerf::text
