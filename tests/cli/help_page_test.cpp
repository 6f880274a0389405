#include "cli/help_page.h"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include "cli/arguments.h"
#include "core/strings.h"

namespace kerf::cli {
namespace {

std::vector<Named> two_names() { return {{"one", "the first", "a paper"}, {"two", "the second", ""}}; }

std::vector<Named> bare_names() { return {{"q", "", ""}, {"k", "", ""}}; }

Command sample() {
  Command command;
  command.name = "cut";
  command.summary = "cut things";
  command.usage = "MODEL [--size N] [OPTION]...";
  command.description = "Cuts with care.";
  command.lists = {{"Names", two_names}, {"Roles", bare_names}};
  command.examples = {{"kerf cut MODEL", "a cut"}};
  return command;
}

TEST(HelpPage, ComesFromTheParser) {
  CLI::App app;
  add_value(app, "-s,--size", "N", "how much", "5");
  add_positional(app, "MODEL", "what to cut", true);
  EXPECT_EQ(terminal_text(help_page(app, sample())),
            "kerf cut: cut things\n"
            "\n"
            "usage: kerf cut MODEL [--size N] [OPTION]...\n"
            "\n"
            "Cuts with care.\n"
            "\n"
            "Arguments:\n"
            "  MODEL                   what to cut\n"
            "\n"
            "Options:\n"
            "  -h, --help              Print this help message and exit\n"
            "  -s, --size N            how much [default: 5]\n"
            "\n"
            "Names:\n"
            "  one                     the first (a paper)\n"
            "  two                     the second\n"
            "\n"
            "Roles:\n"
            "  q, k\n"
            "\n"
            "Examples:\n"
            "  # a cut\n"
            "  kerf cut MODEL\n");
}

TEST(HelpPage, EveryLineFitsTheTerminal) {
  for (const Command* command : commands()) {
    CLI::App app;
    command->define(app);
    for (const std::string& line : split(terminal_text(help_page(app, *command)), '\n')) {
      if (line.find("https://") != std::string::npos) continue;  // an address is not broken
      EXPECT_LE(decode_utf8(line).size(), 80U) << line;
    }
  }
}

TEST(HelpPage, LongExamplesBreakAsAShellJoinsThem) {
  HelpPage page;
  page.name = page.summary = page.usage = "x";
  page.examples = {{"kerf cut MODEL --name 'two words here' --size 5", "a cut"}};
  EXPECT_NE(terminal_text(page, 40).find("  # a cut\n"
                                         "  kerf cut MODEL --name \\\n"
                                         "      'two words here' --size 5\n"),
            std::string::npos)
      << terminal_text(page, 40);
}

TEST(HelpPage, OptionalPartsOfTheUsageStayTogether) {
  HelpPage page;
  page.name = page.summary = "x";
  page.usage = "kerf cut MODEL [--size N]";
  EXPECT_NE(terminal_text(page, 28).find("usage: kerf cut MODEL\n       [--size N]\n"), std::string::npos)
      << terminal_text(page, 28);
}

TEST(Commands, DescribeThemselves) {
  for (const Command* command : commands()) {
    EXPECT_FALSE(command->summary.empty()) << command->name;
    EXPECT_FALSE(command->examples.empty()) << command->name;
    EXPECT_NE(command->summary.back(), '.') << command->name;
    for (const Example& example : command->examples) {
      EXPECT_NE(example.line.find("kerf "), std::string::npos) << example.line;
    }
  }
}

TEST(Wrapped, BreaksAtWords) {
  EXPECT_EQ(wrapped("one two three", 2, 9), "one two\n  three");
  EXPECT_EQ(wrapped("unbreakable", 0, 4), "unbreakable");
  EXPECT_EQ(wrapped("one\n\ntwo three four", 0, 9), "one\n\ntwo three\nfour");
  EXPECT_EQ(wrapped("", 0, 4), "");
}

}  // namespace
}  // namespace kerf::cli
