// llama.cpp's tools/perplexity: disjoint windows, each begins with BOS where the model wants it, and only predictions
// made with at least half a window of context count.

#include "text/protocol.h"

namespace kerf::text {
namespace {

Windows cut(const TokenStream& stream, std::int64_t context, std::int64_t limit) {
  // The BOS in front of the text is one of its tokens; those of the later windows replace the token that stood there.
  return disjoint_windows(with_bos(stream), stream, context, context / 2, stream.bos, limit);
}

}  // namespace

const ProtocolInfo& llama_cpp_protocol() {
  static const ProtocolInfo info{.name = "llama.cpp",
                                 .summary = "disjoint windows, BOS in each, the second half of each is scored",
                                 .source = "ggml-org/llama.cpp, tools/perplexity",
                                 .task = description::Task::kCausalLm,
                                 .figure = "perplexity",
                                 .default_context = 512,
                                 .cut = cut};
  return info;
}

}  // namespace kerf::text
