// EleutherAI's lm-evaluation-harness, loglikelihood_rolling: whole documents behind BOS, every token predicted once;
// the last window of a document reaches back so that it is full.

#include <algorithm>

#include "core/error.h"
#include "text/protocol.h"

namespace kerf::text {
namespace {

/// Appends the windows of one document.
void cut_document(std::span<const std::int64_t> ids, std::int64_t prefix, std::int64_t context, Windows& result) {
  const std::int64_t total = std::ssize(ids);
  for (std::int64_t scored = 0; scored < total;) {
    const std::int64_t end = std::min(scored + context, total);
    // Read are the `context` ids before the last one scored; before the document's first stands the prefix.
    const std::int64_t begin = std::max<std::int64_t>(scored == 0 ? -1 : end - context - 1, -1);
    Window& window = result.windows.emplace_back();
    if (begin < 0) window.ids.push_back(prefix);
    window.ids.insert(window.ids.end(), ids.begin() + std::max<std::int64_t>(begin, 0), ids.begin() + end - 1);
    for (std::int64_t at = scored; at < end; ++at) {
      window.places.push_back({at - 1 - begin, ids[static_cast<std::size_t>(at)]});
    }
    result.tokens_used += std::ssize(window.ids);
    scored = end;
  }
  result.tokens_scored += total;
}

Windows cut(const TokenStream& stream, std::int64_t context, std::int64_t limit) {
  if (stream.line_words.empty()) {
    throw_usage("the protocol lm-eval counts the words of documents: it needs --text, not ids");
  }
  if (!stream.prefix) {
    throw_input(stream.source, "",
                "the protocol lm-eval reads documents behind BOS or EOS, and the tokenizer names neither");
  }
  Windows result;
  result.context = context;
  result.uses_bos = true;
  std::size_t begin = 0;
  for (std::size_t d = 0; d < stream.line_ends.size(); ++d) {
    const std::size_t end = stream.line_ends[d];
    const auto ids = std::span(stream.ids).subspan(begin, end - begin);
    begin = end;
    result.tokens_total += std::ssize(ids);
    if (result.windows_total++ >= limit) continue;
    cut_document(ids, *stream.prefix, context, result);
    ++result.documents;
    result.words += stream.line_words[d];
    result.bytes += stream.line_bytes[d];
  }
  result.windows_cut = std::ssize(result.windows);
  return result;
}

}  // namespace

const ProtocolInfo& lm_eval_protocol() {
  static const ProtocolInfo info{
      .name = "lm-eval",
      .summary = "whole documents behind BOS, every token scored once; perplexity per word and per byte too",
      .source = "EleutherAI/lm-evaluation-harness, loglikelihood_rolling",
      .task = description::Task::kCausalLm,
      .figure = "perplexity",
      .default_context = 2048,
      .by_document = true,
      .cut = cut};
  return info;
}

}  // namespace kerf::text
