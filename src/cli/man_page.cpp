#include "cli/man_page.h"

#include <fmt/format.h>

namespace kerf::cli {
namespace {

std::string entries_text(const HelpPage::Section& section) {
  std::string out = section.prose.empty() ? "" : ".PP\n" + troff_text(section.prose) + "\n";
  for (const auto& [term, text] : section.entries) {
    out += fmt::format(".TP\n.B {}\n{}\n", troff_text(term), troff_text(text));
  }
  return out;
}

std::string examples_text(const HelpPage& page) {
  std::string out;
  for (const Example& example : page.examples) {
    out += fmt::format(".PP\n{}:\n.PP\n.nf\n.RS\n{}\n.RE\n.fi\n", troff_text(example.text), troff_text(example.line));
  }
  return out;
}

std::string command_section(const HelpPage& page) {
  std::string out = fmt::format(".SS {}\n.nf\n.B {}\n.fi\n.PP\n{}.\n", troff_text(page.name), troff_text(page.usage),
                                troff_text(page.summary));
  for (const std::string& paragraph : page.paragraphs) out += ".PP\n" + troff_text(paragraph) + "\n";
  for (const HelpPage::Section& section : page.sections) {
    out += fmt::format(".PP\n.I {}\n", troff_text(section.title)) + entries_text(section);
  }
  return out + examples_text(page);
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

}  // namespace

std::string troff_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '"') {
      out += "\\(dq";
    } else {
      out += c;
    }
  }
  // A line that begins with a control character would be a request.
  return !out.empty() && (out[0] == '.' || out[0] == '\'') ? "\\&" + out : out;
}

std::string man_page(const HelpPage& program, const std::vector<HelpPage>& command_pages, const std::string& version) {
  std::string out = fmt::format(".TH KERF 1 \"\" \"kerf {}\" \"User Commands\"\n", troff_text(version));
  out += fmt::format(".SH NAME\nkerf \\- {}\n", troff_text(program.summary));
  out += fmt::format(".SH SYNOPSIS\n.B {}\n.SH DESCRIPTION\n", troff_text(program.usage));
  for (const std::string& paragraph : program.paragraphs) out += ".PP\n" + troff_text(paragraph) + "\n";
  for (const HelpPage::Section& section : program.sections) {
    out += fmt::format(".SH {}\n", troff_text(upper(section.title))) + entries_text(section);
  }
  out += ".SH COMMANDS IN DETAIL\n";
  for (const HelpPage& page : command_pages) out += command_section(page);
  return out;
}

}  // namespace kerf::cli
