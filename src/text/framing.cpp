#include "text/framing.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"

namespace kerf::text {
namespace {

/// The text's ids, without what stands around each given sequence.
std::vector<std::int64_t> bare_ids(const TokenStream& stream) {
  if (stream.line_ends.empty()) return stream.ids;
  std::vector<std::int64_t> ids;
  std::size_t begin = 0;
  for (const std::size_t end : stream.line_ends) {
    const auto line = stream.special.without_frame(std::span(stream.ids).subspan(begin, end - begin));
    ids.insert(ids.end(), line.begin(), line.end());
    begin = end;
  }
  return ids;
}

}  // namespace

std::int64_t text_ids_in(const SpecialTokens& special, std::int64_t context, std::int64_t least) {
  const std::int64_t room = context - special.around();
  if (room < least) {
    throw_usage(
        fmt::format("a window of {} tokens has {} special ones, which leaves too little for text; --context {} "
                    "is the least",
                    context, special.around(), special.around() + least));
  }
  return room;
}

std::vector<std::int64_t> framed(const SpecialTokens& special, std::span<const std::int64_t> ids) {
  std::vector<std::int64_t> all = special.before;
  all.insert(all.end(), ids.begin(), ids.end());
  all.insert(all.end(), special.after.begin(), special.after.end());
  return all;
}

void count_framed(const TokenStream& stream, Windows& result) {
  for (const Window& window : result.windows) {
    result.tokens_used += std::ssize(window.ids) + std::ssize(window.decoder_ids);
    result.tokens_scored += std::ssize(window.places);
  }
  result.special = stream.special.around();
  if (result.special == 0) {
    result.notes.push_back(
        fmt::format("{}: no special tokens stand around it, since neither a tokenizer nor the configuration names any",
                    stream.source));
  }
}

Windows framed_windows(const TokenStream& stream, std::int64_t context, std::int64_t limit, const MakeWindows& make,
                       std::int64_t least) {
  const std::int64_t length = text_ids_in(stream.special, context, least);
  const std::vector<std::int64_t> ids = bare_ids(stream);
  Windows result;
  result.context = context;
  result.tokens_total = std::ssize(ids);
  result.windows_total = result.tokens_total / length;
  result.windows_cut = std::min(result.windows_total, limit);
  result.tokens_dropped = result.tokens_total % length;
  if (result.windows_total == 0) {
    throw_input(
        stream.source, "",
        fmt::format(
            "the text is too short: have {} tokens, need {} for a window of {}; give more text or a smaller --context",
            result.tokens_total, length, context));
  }
  for (std::int64_t i = 0; i < result.windows_cut; ++i) {
    make(i, std::span(ids).subspan(static_cast<std::size_t>(i * length), static_cast<std::size_t>(length)),
         result.windows);
  }
  count_framed(stream, result);
  return result;
}

Windows plain_windows(const TokenStream& stream, std::int64_t context, std::int64_t limit) {
  return framed_windows(stream, context, limit,
                        [&](std::int64_t, std::span<const std::int64_t> ids, std::vector<Window>& windows) {
                          windows.push_back({.ids = framed(stream.special, ids)});
                        });
}

}  // namespace kerf::text
