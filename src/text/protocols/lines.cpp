// A classifier's text: every line an example, as long as the context allows.

#include <algorithm>

#include "text/framing.h"
#include "text/protocol.h"

namespace kerf::text {
namespace {

Windows cut(const TokenStream& stream, std::int64_t context, std::int64_t limit) {
  const std::int64_t room = text_ids_in(stream.special, context, 1);
  Windows result;
  result.context = context;
  std::size_t begin = 0;
  for (std::size_t line = 0; line < stream.line_ends.size(); ++line) {
    const std::size_t end = stream.line_ends[line];
    const auto ids = stream.special.without_frame(std::span(stream.ids).subspan(begin, end - begin));
    begin = end;
    if (ids.empty()) continue;
    if (result.windows_total++ >= limit) continue;
    const std::int64_t length = std::min(room, std::ssize(ids));
    const std::int64_t label = stream.line_classes.empty() ? -1 : stream.line_classes[line];
    result.windows.push_back(
        {.ids = framed(stream.special, ids.first(static_cast<std::size_t>(length))), .places = {{0, label}}});
    result.tokens_total += std::ssize(ids);
    result.tokens_dropped += std::ssize(ids) - length;
  }
  result.windows_cut = std::ssize(result.windows);
  count_framed(stream, result);
  return result;
}

}  // namespace

const ProtocolInfo& lines_protocol() {
  static const ProtocolInfo info{.name = "lines",
                                 .summary =
                                     "each line of the text between special tokens, cut to the context; the "
                                     "distributions over the classes are compared",
                                 .source = "transformers, text-classification pipeline with truncation",
                                 .task = description::Task::kClassification,
                                 .figure = "",
                                 .default_context = 512,
                                 .by_line = true,
                                 .cut = cut};
  return info;
}

}  // namespace kerf::text
