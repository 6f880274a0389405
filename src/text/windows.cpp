#include "text/windows.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "text/framing.h"
#include "text/protocol.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

void check_context(std::int64_t context) {
  if (context < 2) throw_usage(fmt::format("a window of {} tokens predicts nothing, expected at least 2", context));
}

void append_encoded(const Tokenizer& tokenizer, std::string_view utf8, TokenStream& stream) {
  EncodedIds encoded = tokenizer.encode_counted(utf8, false);
  stream.unknown += encoded.unknown;
  stream.characters += static_cast<std::int64_t>(count_code_points(utf8));
  if (stream.ids.empty()) {
    stream.ids = std::move(encoded.ids);
  } else {
    stream.ids.insert(stream.ids.end(), encoded.ids.begin(), encoded.ids.end());
  }
}

/// The windows that calibration draws from.
Windows calibration_cut(const TokenStream& stream, description::Task task, std::int64_t context) {
  using description::Task;
  if (task == Task::kCausalLm) {
    return disjoint_windows(with_bos(stream), stream, context, context - 1, stream.bos, kNoLimit);
  }
  if (task == Task::kFeatures || (task == Task::kMaskedLm && !stream.special.mask)) {
    return plain_windows(stream, context, kNoLimit);
  }
  Windows result = choose_protocol("", task, stream.special).cut(stream, context, kNoLimit);
  for (Window& window : result.windows) window.places.clear();
  result.tokens_scored = 0;
  return result;
}

}  // namespace

TokenStream encode_text(const Tokenizer& tokenizer, std::string_view utf8, std::string source) {
  TokenStream stream;
  append_encoded(tokenizer, utf8, stream);
  if (tokenizer.adds_bos()) stream.bos = tokenizer.bos_id();
  stream.source = std::move(source);
  return stream;
}

TokenStream encode_lines(const Tokenizer& tokenizer, std::span<const Example> examples, std::string source) {
  TokenStream stream;
  for (const Example& example : examples) {
    append_encoded(tokenizer, example.text, stream);
    stream.line_ends.push_back(stream.ids.size());
  }
  stream.source = std::move(source);
  return stream;
}

TokenStream token_stream(std::span<const std::vector<std::int64_t>> sequences, std::string source) {
  TokenStream stream;
  for (const auto& ids : sequences) {
    stream.ids.insert(stream.ids.end(), ids.begin(), ids.end());
    stream.line_ends.push_back(stream.ids.size());
  }
  stream.source = std::move(source);
  return stream;
}

Windows evaluation_windows(const TokenStream& stream, std::string_view protocol, std::int64_t context,
                           std::optional<std::int64_t> limit) {
  check_context(context);
  if (limit && *limit < 1) throw_usage(fmt::format("found a limit of {} windows, expected at least 1", *limit));
  Windows result = find_protocol(protocol).cut(stream, context, limit.value_or(kNoLimit));
  if (result.tokens_scored == 0) {
    throw_usage(fmt::format("{}: the protocol {} scores nothing in {} of {} tokens", stream.source, protocol,
                            result.windows_cut == 1 ? "a window" : "windows", context));
  }
  return result;
}

Windows calibration_windows(const TokenStream& stream, description::Task task, std::int64_t context,
                            std::int64_t samples, std::uint64_t seed) {
  check_context(context);
  if (samples < 1) throw_usage(fmt::format("found {} calibration samples, expected at least 1", samples));
  Windows result = calibration_cut(stream, task, context);
  const std::int64_t total = std::ssize(result.windows);
  if (total <= samples) {
    if (total < samples) {
      result.notes.push_back(fmt::format("{}: {} samples of {} tokens were asked for, the text has {}", stream.source,
                                         samples, context, total));
    }
    return result;
  }
  std::vector<Window> chosen;
  for (const std::int64_t i : Random(seed).sample(total, samples)) {
    chosen.push_back(std::move(result.windows[static_cast<std::size_t>(i)]));
  }
  result.windows = std::move(chosen);
  result.tokens_used = 0;
  for (const Window& window : result.windows) {
    result.tokens_used += std::ssize(window.ids) + std::ssize(window.decoder_ids);
  }
  return result;
}

}  // namespace kerf::text
