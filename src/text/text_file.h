#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace kerf::text {

/// Text as it is read, and what reports say of it.
struct Text {
  std::string text;                ///< valid UTF-8, without a byte order mark
  std::int64_t characters = 0;     ///< code points
  std::vector<std::string> notes;  ///< what was noticed and is harmless, one sentence each
};

/// What a line of a .jsonl file whose key is `messages` says as text; `file` and `place` name the line. May be empty:
/// such lines are refused then.
using ConversationReader =
    std::function<std::string(const Json& line, const std::string& file, const std::string& place)>;

/// What stands between the documents of a .jsonl file that are read as one text.
inline constexpr std::string_view kBetweenDocuments = "\n\n";

/// All files together may hold this much.
inline constexpr std::uint64_t kMaxTextFileBytes = std::uint64_t{1} << 30;

/// Reads evaluation or calibration text, the files one after another in the order given.
///
/// A .jsonl file has one JSON object a line with its text under the key `text`; its documents are joined by an empty
/// line
/// ("\n\n"), blank lines are passed over and other keys ignored. Any other file is taken as it stands, but for a byte
/// order mark at its beginning.
///
/// Error(kInput) names the file and the place of what is wrong: text that is not UTF-8 (the offset of its first bad
/// byte), UTF-16, a line that is not such an object, chat messages, no text at all.
Text read_text(std::span<const std::string> paths);

/// One line of a text that is taken line by line.
struct Example {
  std::string text;
  Json label;                    ///< of a .jsonl line the value of its key `label`; null if there is none
  std::size_t file = 0;          ///< index of the file that it stands in
  std::size_t line = 0;          ///< its number there, from 1
  bool is_conversation = false;  ///< what a ConversationReader made of messages
};
struct Examples {
  std::vector<Example> examples;
  std::int64_t blank = 0;          ///< lines left out because they have no text
  std::vector<std::string> notes;  ///< as in Text
};

/// Reads text as examples: the documents of a .jsonl file, the lines of any other. Errors as those of read_text().
Examples read_examples(std::span<const std::string> paths, const ConversationReader& conversation = {});

/// Reads documents, each as it stands: those of a .jsonl file, any other file as one. Errors as those of read_text().
Examples read_documents(std::span<const std::string> paths, const ConversationReader& conversation = {});

/// Ids as they are: a .jsonl file with one array of ids a line, each id from 0 to kMaxTokenId.
std::vector<std::vector<std::int64_t>> read_token_lines(const std::string& path);

}  // namespace kerf::text
