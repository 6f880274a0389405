#include <cstdint>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/console.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace kerf::cli {
namespace {

constexpr std::uint64_t kLongestText = std::uint64_t{4} << 30;

struct Options {
  explicit Options(CLI::App& app)
      : model(add_positional(app, "MODEL", "model, folder with tokenizer files, or a tokenizer.json", true)),
        file(add_value(app, "--file", "FILE", "text to read", "standard input")),
        jsonl(add_flag(app, "--jsonl", "one JSON string a line in, one array of ids a line out")),
        special(add_flag(app, "--special", "add the special tokens that the tokenizer adds by itself (the default)")),
        no_special(add_flag(app, "--no-special", "only the text's own tokens")) {}
  const CLI::Option *model, *file, *jsonl, *special, *no_special;
};

std::string ids_line(const std::vector<std::int64_t>& ids) { return fmt::format("[{}]\n", fmt::join(ids, ", ")); }

/// The string on one line of JSONL; `source` and `number` name the line in the error.
std::string string_of_line(std::string_view line, const std::string& source, std::size_t number) {
  const std::string place = fmt::format("line {}", number);
  std::optional<Json> value;
  try {
    value = Json::parse(line, source);
  } catch (const Error& error) {
    throw_input(source, place, error.message());
  }
  if (!value->is_string()) throw_input(source, place, fmt::format("found {}, expected a string", value->kind()));
  return value->as_string();
}

void tokenize_lines(const TextEncoder& encoder, std::string_view text, const std::string& source, bool special) {
  constexpr std::size_t kFlush = 1 << 20;
  std::string out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += ids_line(encoder.encode(string_of_line(text.substr(0, end), source, number), special));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (out.size() >= kFlush) {
      print(out);
      out.clear();
    }
  }
  print(out);
}

int run(const Options& options) {
  if (is_set(options.special) && is_set(options.no_special)) {
    throw_usage("--special and --no-special are both given; one of them decides");
  }
  const bool special = !is_set(options.no_special);
  const bool lines = is_set(options.jsonl);
  const auto file = value_of(options.file);
  const TextEncoder encoder = TextEncoder::open(*value_of(options.model));
  const std::string text = file ? read_file(*file, kLongestText) : read_standard_input(kLongestText);
  const std::string source = file.value_or("standard input");
  if (lines) {
    tokenize_lines(encoder, text, source, special);
  } else {
    print(ids_line(encoder.encode(text, special)));
  }
  return 0;
}

std::function<int()> define(CLI::App& app) {
  return [options = std::make_shared<Options>(app)] { return run(*options); };
}

}  // namespace

const Command& tokenize_command() {
  static const Command command{
      .name = "tokenize",
      .summary = "turn text into token ids",
      .usage = "MODEL [--file FILE] [--jsonl] [--no-special]",
      .description =
          "Prints the ids as one JSON array, exactly as the model's own tokenizer gives them. The text is taken as it "
          "is, "
          "with its last line end.",
      .lists = {},
      .examples = {{"printf 'Fellow citizens' | kerf tokenize MODEL", "one text"},
                   {"kerf tokenize MODEL --jsonl --file texts.jsonl > ids.jsonl",
                    "many texts; the result serves as --tokens of other commands"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
