#include "text/windows.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"
#include "core/strings.h"
#include "text/framing.h"
#include "text/protocol.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

void check_context(std::int64_t context) {
  if (context < 2) throw_usage(fmt::format("a window of {} tokens predicts nothing, expected at least 2", context));
}

/// What Python's str.isspace() holds for white space, which its \s matches.
bool is_python_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// len(re.split(r"\s+", text)): one more than there are runs of white space.
std::int64_t count_split_words(std::string_view utf8) {
  std::int64_t words = 1;
  bool in_space = false;
  for (const char32_t c : decode_utf8(utf8)) {
    const bool space = is_python_space(c);
    words += space && !in_space;
    in_space = space;
  }
  return words;
}

/// Runs of what is no white space.
std::int64_t count_words(std::string_view utf8) {
  std::int64_t words = 0;
  bool in_word = false;
  for (std::size_t at = 0; at < utf8.size();) {
    const CodePoint c = code_point_at(utf8, at);
    at += c.bytes;
    const bool space = is_python_space(c.value);
    words += !space && !in_word;
    in_word = !space;
  }
  return words;
}

void append_encoded(const Tokenizer& tokenizer, std::string_view utf8, TokenStream& stream) {
  EncodedIds encoded = tokenizer.encode_counted(utf8, false);
  stream.words += count_words(utf8);
  stream.byte_tokens += tokenizer.count_byte_tokens(encoded.ids);
  stream.unknown += encoded.unknown;
  stream.characters += static_cast<std::int64_t>(count_code_points(utf8));
  if (stream.ids.empty()) {
    stream.ids = std::move(encoded.ids);
  } else {
    stream.ids.insert(stream.ids.end(), encoded.ids.begin(), encoded.ids.end());
  }
}

/// Takes out the id at `at` if it is this one.
void drop_first(TokenStream& stream, std::size_t at, std::optional<std::int64_t> id) {
  if (!id || at >= stream.ids.size() || stream.ids[at] != *id) return;
  stream.ids.erase(stream.ids.begin() + static_cast<std::ptrdiff_t>(at));
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

Windows cut_by(const ProtocolInfo& protocol, const TokenStream& stream, std::int64_t context, std::int64_t stride,
               std::int64_t limit) {
  if (protocol.cut_overlapping == nullptr) {
    if (stride > 0)
      throw_usage(fmt::format("the protocol {} has no stride: its windows do not overlap", protocol.name));
    return protocol.cut(stream, context, limit);
  }
  if (stride > context) {
    throw_usage(fmt::format("a stride of {} passes over tokens, expected at most the context of {}", stride, context));
  }
  return protocol.cut_overlapping(stream, context, stride > 0 ? stride : std::max<std::int64_t>(context / 2, 1), limit);
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
    stream.conversations += example.is_conversation;
    stream.line_ends.push_back(stream.ids.size());
  }
  stream.source = std::move(source);
  return stream;
}

TokenStream encode_documents(const Tokenizer& tokenizer, std::span<const Example> documents, std::string source) {
  TokenStream stream;
  const auto prefix = tokenizer.bos_id() ? tokenizer.bos_id() : tokenizer.eos_id();
  for (const Example& document : documents) {
    if (document.text.empty()) continue;
    append_encoded(tokenizer, document.text, stream);
    if (document.is_conversation) {
      ++stream.conversations;
      // The document is read behind it anyway.
      drop_first(stream, stream.line_ends.empty() ? 0 : stream.line_ends.back(), prefix);
    }
    stream.line_ends.push_back(stream.ids.size());
    stream.line_words.push_back(count_split_words(document.text));
    stream.line_bytes.push_back(std::ssize(document.text));
  }
  stream.prefix = prefix;
  stream.source = std::move(source);
  return stream;
}

TokenStream encode_conversations(const Tokenizer& tokenizer, std::span<const Example> documents, std::string source) {
  TokenStream stream;
  std::string text;  // of plain documents that stand behind each other
  const auto encode = [&](std::string_view utf8) {
    if (!utf8.empty()) append_encoded(tokenizer, utf8, stream);
  };
  for (std::size_t d = 0; d < documents.size(); ++d) {
    if (documents[d].is_conversation) {
      encode(std::exchange(text, ""));
      encode(documents[d].text);
      ++stream.conversations;
      continue;
    }
    const bool goes_on = d > 0 && !documents[d - 1].is_conversation && documents[d - 1].file == documents[d].file;
    text += (goes_on ? std::string(kBetweenDocuments) : "") + documents[d].text;
  }
  encode(text);
  if (tokenizer.adds_bos()) {
    stream.bos = tokenizer.bos_id();
    if (!documents.empty() && documents.front().is_conversation) drop_first(stream, 0, stream.bos);
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
                           std::optional<std::int64_t> limit, std::int64_t stride) {
  check_context(context);
  if (limit && *limit < 1) throw_usage(fmt::format("found a limit of {} windows, expected at least 1", *limit));
  Windows result = cut_by(find_protocol(protocol), stream, context, stride, limit.value_or(kNoLimit));
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
