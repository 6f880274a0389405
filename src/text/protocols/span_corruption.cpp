// What T5 was trained for: spans of the encoder's text are replaced by sentinels, and the decoder writes each sentinel
// and the span behind it. Spans of three tokens, one in seven tokens hidden, others in each window; the sentinels,
// which are no text, are read and not scored.

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "text/framing.h"
#include "text/masking.h"
#include "text/protocol.h"

namespace kerf::text {
namespace {

constexpr std::int64_t kSpan = 3;
constexpr std::int64_t kPeriod = kSpan * kMaskEvery;

/// Where spans begin in a window of `length` ids.
std::vector<std::int64_t> span_begins(std::int64_t number, std::int64_t length) {
  std::vector<std::int64_t> begins;
  const std::int64_t places = (length + kSpan - 1) / kSpan;
  for (std::int64_t at = kSpan * (number % std::min(kMaskEvery, places)); at < length; at += kPeriod) {
    begins.push_back(at);
  }
  return begins;
}

Window corrupted(const SpecialTokens& special, std::span<const std::int64_t> ids, std::int64_t number) {
  const std::int64_t length = std::ssize(ids);
  std::vector<std::int64_t> source;
  Window window;
  std::int64_t at = 0;
  const auto begins = span_begins(number, length);
  for (std::size_t span = 0; span < begins.size(); ++span) {
    source.insert(source.end(), ids.begin() + at, ids.begin() + begins[span]);
    source.push_back(special.sentinels[span]);
    window.decoder_ids.push_back(special.sentinels[span]);
    at = std::min(begins[span] + kSpan, length);
    for (const std::int64_t id :
         ids.subspan(static_cast<std::size_t>(begins[span]), static_cast<std::size_t>(at - begins[span]))) {
      if (!special.contains(id)) window.places.push_back({std::ssize(window.decoder_ids), id});
      window.decoder_ids.push_back(id);
    }
  }
  source.insert(source.end(), ids.begin() + at, ids.end());
  window.ids = framed(special, source);
  return window;
}

Windows cut(const TokenStream& stream, std::int64_t context, std::int64_t limit) {
  const SpecialTokens& special = stream.special;
  const std::int64_t length = text_ids_in(special, context, 1);
  const std::int64_t most = std::ssize(span_begins(0, length));
  if (most > std::ssize(special.sentinels)) {
    throw_usage(fmt::format("a window of {} tokens has {} spans, the tokenizer {} sentinels; --context {} is the most",
                            context, most, special.sentinels.size(),
                            std::ssize(special.sentinels) * kPeriod + special.around()));
  }
  Windows result =
      framed_windows(stream, context, limit,
                     [&](std::int64_t number, std::span<const std::int64_t> ids, std::vector<Window>& windows) {
                       windows.push_back(corrupted(special, ids, number));
                     });
  result.masked_share = static_cast<double>(result.tokens_scored) / static_cast<double>(result.windows_cut * length);
  return result;
}

std::string_view lacks(const SpecialTokens& special) {
  return special.sentinels.empty() ? "sentinel tokens (<extra_id_0> and so on), which only a tokenizer names" : "";
}

}  // namespace

const ProtocolInfo& span_corruption_protocol() {
  static const ProtocolInfo info{.name = "span-corruption",
                                 .summary =
                                     "disjoint windows; one in seven tokens is hidden from the encoder in spans "
                                     "of three, others in each window, and scored where the decoder writes it",
                                 .source = "Raffel et al. 2020, arXiv:1910.10683, section 3.3.4",
                                 .task = description::Task::kSequenceToSequence,
                                 .figure = "perplexity",
                                 .default_context = 512,
                                 .lacks = lacks,
                                 .cut = cut};
  return info;
}

}  // namespace kerf::text
