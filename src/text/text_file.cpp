#include "text/text_file.h"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/quantities.h"
#include "core/strings.h"
#include "text/hygiene.h"
#include "text/unicode.h"
#include "text/vocabulary.h"

namespace kerf::text {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// A name or a quotation may look like it once.
constexpr std::int64_t kFewestDoubleDecodings = 3;
constexpr std::string_view kBlanks = " \t\r\n";

std::string line_name(std::size_t line) { return fmt::format("line {}", line); }

bool is_json_lines(std::string_view path) { return ends_with(to_lower_ascii(path), ".jsonl"); }

/// UTF-16 and UTF-32 without a byte order mark: letters without marks are valid UTF-8 with zero bytes between them.
void refuse_wide_text(std::string_view bytes, const std::string& path) {
  constexpr std::size_t kLooked = 4096, kShare = 8;
  const std::string_view start = bytes.substr(0, kLooked);
  const auto zeros = static_cast<std::size_t>(std::count(start.begin(), start.end(), '\0'));
  if (zeros * kShare <= start.size()) return;
  throw_input(path, fmt::format("byte {}", start.find('\0')),
              "found zero bytes, as UTF-16 has them; expected text in UTF-8");
}

/// The bytes of a file as UTF-8 without a byte order mark.
std::string read_utf8(const std::string& path, std::uint64_t limit_bytes, std::vector<std::string>& notes) {
  std::string bytes = read_file(path, limit_bytes);
  if (starts_with(bytes, "\xFF\xFE") || starts_with(bytes, "\xFE\xFF")) {
    throw_input(path, "byte 0", "found the byte order mark of UTF-16, expected UTF-8");
  }
  if (const auto bad = find_invalid_utf8(bytes)) {
    throw_input(
        path, fmt::format("byte {}", *bad),
        fmt::format("found the byte 0x{:02X}, which is not valid UTF-8 here", static_cast<unsigned char>(bytes[*bad])));
  }
  refuse_wide_text(bytes, path);
  if (starts_with(bytes, kByteOrderMark)) {
    bytes.erase(0, kByteOrderMark.size());
    notes.push_back(fmt::format("{}: a byte order mark at its beginning was left out", path));
  }
  if (const std::int64_t lines = unify_line_ends(bytes); lines > 0) {
    notes.push_back(fmt::format("{}: {} line ends of DOS (CR LF) were read as LF", path, lines));
  }
  if (const DoubleDecoding twice = find_double_decoding(bytes); twice.places >= kFewestDoubleDecodings) {
    notes.push_back(fmt::format(
        "{}: looks as if it had been decoded twice at {} places ({} of its characters), such as {}", path, twice.places,
        percent_text(static_cast<double>(twice.places) / static_cast<double>(count_code_points(bytes))),
        quoted(twice.sample)));
  }
  return bytes;
}

Json parse_line(std::string_view line, const std::string& path, std::size_t number) {
  try {
    return Json::parse(line, path);
  } catch (const Error& error) {
    // The parser sees only this line and calls it the first.
    const std::string first = line_name(1);
    const std::string column = starts_with(error.place(), first) ? error.place().substr(first.size()) : "";
    throw Error(error.code(), path, line_name(number) + column, error.message());
  }
}

bool is_blank(std::string_view text) { return text.find_first_not_of(kBlanks) == std::string_view::npos; }

/// Calls visit(line, number) for each line that is not blank; returns how many were.
std::int64_t for_each_line(std::string_view text, const std::function<void(std::string_view, std::size_t)>& visit) {
  std::int64_t blank = 0;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (is_blank(line)) {
      ++blank;
    } else {
      visit(line, number);
    }
  }
  return blank;
}

/// Calls visit(value, line number) for each line that is not blank; returns how many were.
std::int64_t for_each_json_line(const std::string& path, std::string_view text,
                                const std::function<void(const Json&, std::size_t)>& visit) {
  return for_each_line(
      text, [&](std::string_view line, std::size_t number) { visit(parse_line(line, path, number), number); });
}

/// The text of one document; `line` says where it is.
const std::string& document_of(const Json& value, const std::string& path, const std::string& line) {
  if (!value.is_object())
    throw_input(path, line, fmt::format("found {}, expected an object with a key text", value.kind()));
  const Json* text = value.find("text");
  if (text == nullptr && value.contains("messages")) {
    throw_input(path, line,
                "found chat messages, expected a key text; --chat applies the model's chat template to them");
  }
  if (text == nullptr) throw_input(path, line, "key text is missing");
  if (!text->is_string()) throw_input(path, line + ": text", fmt::format("found {}, expected a string", text->kind()));
  return text->as_string();
}

/// The example of one line, without its label.
Example example_of(const Json& value, const std::string& path, std::size_t file, std::size_t number,
                   const ConversationReader& conversation) {
  const std::string line = line_name(number);
  if (conversation && value.contains("messages")) return {conversation(value, path, line), Json(), file, number, true};
  return {document_of(value, path, line), Json(), file, number, false};
}

std::string join_documents(const std::string& path, std::string_view lines) {
  std::string joined;
  bool is_first = true;
  for_each_json_line(path, lines, [&](const Json& value, std::size_t number) {
    if (!is_first) joined += kBetweenDocuments;
    is_first = false;
    joined += document_of(value, path, line_name(number));
  });
  return joined;
}

/// Adds the examples of one file.
void append_examples(const std::string& path, std::size_t file, std::string_view text,
                     const ConversationReader& conversation, Examples& result) {
  if (is_json_lines(path)) {
    result.blank += for_each_json_line(path, text, [&](const Json& value, std::size_t number) {
      Example example = example_of(value, path, file, number, conversation);
      if (const Json* label = value.find("label")) example.label = *label;
      if (is_blank(example.text)) {
        ++result.blank;
      } else {
        result.examples.push_back(std::move(example));
      }
    });
    return;
  }
  result.blank += for_each_line(text, [&](std::string_view line, std::size_t number) {
    if (ends_with(line, "\r")) line.remove_suffix(1);
    result.examples.push_back({std::string(line), Json(), file, number, false});
  });
}

}  // namespace

Text read_text(std::span<const std::string> paths) {
  Text result;
  std::uint64_t left = kMaxTextFileBytes;
  for (const std::string& path : paths) {
    std::string text = read_utf8(path, left, result.notes);
    left -= text.size();
    if (is_json_lines(path)) text = join_documents(path, text);
    result.text += text;
  }
  if (result.text.empty()) {
    throw_input(paths.empty() ? "" : paths.front(), "", "found no text, expected at least one character");
  }
  result.characters = static_cast<std::int64_t>(count_code_points(result.text));
  return result;
}

Examples read_examples(std::span<const std::string> paths, const ConversationReader& conversation) {
  Examples result;
  std::uint64_t left = kMaxTextFileBytes;
  for (std::size_t file = 0; file < paths.size(); ++file) {
    const std::string text = read_utf8(paths[file], left, result.notes);
    left -= text.size();
    append_examples(paths[file], file, text, conversation, result);
  }
  if (result.examples.empty()) {
    throw_input(paths.empty() ? "" : paths.front(), "", "found no text, expected at least one line that is not blank");
  }
  return result;
}

Examples read_documents(std::span<const std::string> paths, const ConversationReader& conversation) {
  Examples result;
  std::uint64_t left = kMaxTextFileBytes;
  for (std::size_t file = 0; file < paths.size(); ++file) {
    std::string text = read_utf8(paths[file], left, result.notes);
    left -= text.size();
    if (is_json_lines(paths[file])) {
      result.blank += for_each_json_line(paths[file], text, [&](const Json& value, std::size_t number) {
        result.examples.push_back(example_of(value, paths[file], file, number, conversation));
      });
    } else {
      result.examples.push_back({std::move(text), Json(), file, 1, false});
    }
  }
  const auto has_text = [](const Example& example) { return !example.text.empty(); };
  if (std::none_of(result.examples.begin(), result.examples.end(), has_text)) {
    throw_input(paths.empty() ? "" : paths.front(), "", "found no text, expected at least one character");
  }
  return result;
}

std::vector<std::vector<std::int64_t>> read_token_lines(const std::string& path) {
  std::vector<std::string> notes;
  const std::string text = read_utf8(path, kMaxTextFileBytes, notes);
  std::vector<std::vector<std::int64_t>> sequences;
  for_each_json_line(path, text, [&](const Json& value, std::size_t number) {
    const JsonCursor array(value, path, line_name(number));
    auto& ids = sequences.emplace_back();
    ids.reserve(array.as_array().size());
    for (const Json& id : array.as_array()) {
      // A cursor for each of many ids would take longer than reading them.
      const bool is_id = id.is_integer() && id.as_double() >= 0 && id.as_double() <= static_cast<double>(kMaxTokenId);
      if (!is_id)
        array.at(ids.size()).fail(fmt::format("found {}, expected an id from 0 to {}", quoted(id.dump()), kMaxTokenId));
      ids.push_back(id.as_int64());
    }
  });
  if (std::all_of(sequences.begin(), sequences.end(), [](const auto& ids) { return ids.empty(); })) {
    throw_input(path, "", "found no ids, expected at least one array of them");
  }
  return sequences;
}

}  // namespace kerf::text
