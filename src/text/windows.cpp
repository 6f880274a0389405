#include "text/windows.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "text/protocol.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

void check_context(std::int64_t context) {
  if (context < 2) throw_usage(fmt::format("a window of {} tokens predicts nothing, expected at least 2", context));
}

}  // namespace

TokenStream encode_text(const Tokenizer& tokenizer, std::string_view utf8, std::string source) {
  EncodedIds encoded = tokenizer.encode_counted(utf8, false);
  TokenStream stream;
  stream.ids = std::move(encoded.ids);
  if (tokenizer.adds_bos()) stream.bos = tokenizer.bos_id();
  stream.source = std::move(source);
  stream.characters = static_cast<std::int64_t>(count_code_points(utf8));
  stream.unknown = encoded.unknown;
  return stream;
}

TokenStream token_stream(std::span<const std::vector<std::int64_t>> sequences, std::string source) {
  TokenStream stream;
  for (const auto& ids : sequences) stream.ids.insert(stream.ids.end(), ids.begin(), ids.end());
  stream.source = std::move(source);
  return stream;
}

Windows evaluation_windows(const TokenStream& stream, std::string_view protocol, std::int64_t context,
                           std::optional<std::int64_t> limit) {
  check_context(context);
  if (limit && *limit < 1) throw_usage(fmt::format("found a limit of {} windows, expected at least 1", *limit));
  return find_protocol(protocol).cut(stream, context, limit.value_or(kNoLimit));
}

Windows calibration_windows(const TokenStream& stream, std::int64_t context, std::int64_t samples, std::uint64_t seed) {
  check_context(context);
  if (samples < 1) throw_usage(fmt::format("found {} calibration samples, expected at least 1", samples));
  Windows result = disjoint_windows(with_bos(stream), stream, context, context - 1, stream.bos, kNoLimit);
  if (result.windows_total <= samples) {
    if (result.windows_total < samples) {
      result.notes.push_back(fmt::format("{}: {} samples of {} tokens were asked for, the text has {}", stream.source,
                                         samples, context, result.windows_total));
    }
    return result;
  }
  std::vector<Window> chosen;
  for (const std::int64_t i : Random(seed).sample(result.windows_total, samples)) {
    chosen.push_back(std::move(result.windows[static_cast<std::size_t>(i)]));
  }
  result.windows = std::move(chosen);
  result.tokens_used = samples * context;
  return result;
}

}  // namespace kerf::text
