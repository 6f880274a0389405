#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace kerf::cli {

/// What stands for MODEL in usages.
inline constexpr std::string_view kWhatModelIs =
    "MODEL is a Hugging Face directory, a .safetensors, .gguf or .onnx file.";

/// What help says about a command, before it is laid out: everything comes from the parser's own objects and from the
/// library's registries, so that it cannot go stale.
struct HelpPage {
  struct Entry {
    std::string term, text;
  };
  struct Section {
    std::string title;
    std::vector<Entry> entries;
    std::string prose;  ///< instead of entries: names that need no explanation
  };
  std::string name, summary, usage;
  std::vector<std::string> paragraphs;
  std::vector<Section> sections;
  std::vector<Example> examples;
};

HelpPage help_page(const CLI::App& app, const Command& command);
/// Of the program itself: its commands and its own options.
HelpPage help_page(const CLI::App& root);

/// Lines of at most `width` columns for a terminal.
std::string terminal_text(const HelpPage& page, std::size_t width = 80);

/// Words of `text` on lines of at most `width` columns, each but the first after `indent` spaces.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t width);

}  // namespace kerf::cli
