#include "cli/help_page.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::cli {
namespace {

constexpr std::size_t kTermColumn = 2;
constexpr std::size_t kTextColumn = 26;

/// "-o, --output OUT", "--json[=FILE]", "MODEL"
std::string term_of(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true, false);
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  const std::string value = option.get_type_name();
  std::string term = join(names, ", ");
  if (!option.get_option_text().empty()) return term + option.get_option_text();
  return value.empty() || option.get_expected_max() == 0 ? term : term + " " + value;
}

std::string text_of(const CLI::Option& option) {
  const std::string fallback = option.get_default_str();
  return option.get_description() + (fallback.empty() ? "" : " [default: " + fallback + "]");
}

/// Options by heading, in the order in which the headings were first used; positionals under one of their own.
std::vector<HelpPage::Section> option_sections(const CLI::App& app) {
  std::vector<HelpPage::Section> sections;
  for (const CLI::Option* option : app.get_options()) {
    const std::string title = option->get_positional() ? "Arguments" : option->get_group();
    auto section = std::find_if(sections.begin(), sections.end(), [&](const auto& s) { return s.title == title; });
    if (section == sections.end()) section = sections.insert(sections.end(), {title, {}, ""});
    section->entries.push_back({term_of(*option), text_of(*option)});
  }
  const auto rank = [](const HelpPage::Section& s) {
    return s.title == "Arguments" ? 0 : s.title == "Options" ? 1 : 2;
  };
  std::stable_sort(sections.begin(), sections.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return sections;
}

HelpPage::Section list_section(const NameList& list) {
  HelpPage::Section section{list.title, {}, ""};
  const std::vector<Named> names = list.names();
  if (std::all_of(names.begin(), names.end(), [](const Named& n) { return n.summary.empty() && n.source.empty(); })) {
    for (const Named& named : names) section.prose += (section.prose.empty() ? "" : ", ") + named.name;
    return section;
  }
  for (const Named& named : names) {
    section.entries.push_back({named.name, named.summary + (named.source.empty() ? "" : " (" + named.source + ")")});
  }
  return section;
}

constexpr char kHeldSpace = '\x01';

/// Spaces between `open` and `close` held, so that wrapped() does not break there.
std::string held(std::string text, char open, char close) {
  bool inside = false;
  for (char& c : text) {
    if (c == (inside ? close : open)) inside = !inside;
    if (inside && c == ' ') c = kHeldSpace;
  }
  return text;
}

std::string released(std::string text) {
  std::replace(text.begin(), text.end(), kHeldSpace, ' ');
  return text;
}

/// "[--format NAME]" stays on one line.
std::string usage_text(const std::string& usage, std::size_t width) {
  return "usage: " + released(wrapped(held(usage, '[', ']'), 7, width)) + "\n";
}

/// A line to copy: broken with backslashes, as a shell joins it, and never inside quotes.
std::string example_text(const Example& example, std::size_t width) {
  constexpr std::size_t kIndent = 6;
  std::string line = wrapped(held(example.line, '\'', '\''), kIndent, width - 2);
  for (std::size_t at = line.find('\n'); at != std::string::npos; at = line.find('\n', at + 3)) line.insert(at, " \\");
  return fmt::format("  # {}\n  {}\n", example.text, released(line));
}

std::string section_text(const HelpPage::Section& section, std::size_t width) {
  std::string out = section.title + ":\n";
  if (!section.prose.empty()) out += "  " + wrapped(section.prose, kTermColumn, width) + "\n";
  for (const auto& [term, text] : section.entries) {
    std::string line(kTermColumn, ' ');
    line += term;
    if (text.empty()) {
      out += line + "\n";
      continue;
    }
    // A term that reaches into the text's column has its text below.
    const std::size_t columns = kTermColumn + decode_utf8(term).size();
    if (columns + 2 > kTextColumn) {
      out += line + "\n";
      line = std::string(kTextColumn, ' ');
    } else {
      line += std::string(kTextColumn - columns, ' ');
    }
    out += line + wrapped(text, kTextColumn, width) + "\n";
  }
  return out;
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = indent;
  for (const std::string& word : split(text, ' ')) {
    const std::size_t columns = decode_utf8(word).size();
    if (column > indent && column + 1 + columns > width) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    // A word that has line breaks in it begins a paragraph.
    const std::size_t line = word.rfind('\n');
    column = line == std::string::npos ? column + columns : decode_utf8(word.substr(line + 1)).size();
  }
  return out;
}

HelpPage help_page(const CLI::App& app, const Command& command) {
  HelpPage page;
  page.name = "kerf " + command.name;
  page.summary = command.summary;
  page.usage = page.name + " " + command.usage;
  page.paragraphs.push_back(command.description);
  page.sections = option_sections(app);
  for (const NameList& list : command.lists) {
    HelpPage::Section section = list_section(list);
    if (!section.entries.empty() || !section.prose.empty()) page.sections.push_back(std::move(section));
  }
  page.examples = command.examples;
  return page;
}

HelpPage help_page(const CLI::App& root) {
  HelpPage page;
  page.name = "kerf";
  page.summary = root.get_description();
  page.usage = "kerf COMMAND [OPTION]...";
  page.paragraphs = {
      std::string(kWhatModelIs) +
      " Results go to standard output, progress and errors to standard error. kerf COMMAND --help explains a command."};
  HelpPage::Section list{"Commands", {}, ""};
  for (const Command* command : commands()) list.entries.push_back({command->name, command->summary});
  page.sections.push_back(std::move(list));
  for (HelpPage::Section& section : option_sections(root)) page.sections.push_back(std::move(section));
  page.sections.push_back({"Exit status",
                           {{"0", "done"},
                            {"1", "not passed: a gate, a verification"},
                            {"2", "wrong usage"},
                            {"3", "an input was refused"},
                            {"4", "the machine failed: disk, memory, permission"},
                            {"128+N", "stopped by signal N"}},
                           ""});
  return page;
}

std::string terminal_text(const HelpPage& page, std::size_t width) {
  std::string out = wrapped(fmt::format("{}: {}", page.name, page.summary), 0, width) + "\n\n";
  out += usage_text(page.usage, width);
  for (const std::string& paragraph : page.paragraphs) out += "\n" + wrapped(paragraph, 0, width) + "\n";
  for (const HelpPage::Section& section : page.sections) out += "\n" + section_text(section, width);
  if (!page.examples.empty()) out += "\nExamples:\n";
  for (const Example& example : page.examples) out += example_text(example, width);
  return out;
}

}  // namespace kerf::cli
