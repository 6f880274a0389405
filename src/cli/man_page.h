#pragma once

#include <string>
#include <vector>

#include "cli/help_page.h"

namespace kerf::cli {

/// kerf(1) in troff's man macros: the program's page, then a section for each command.
std::string man_page(const HelpPage& program, const std::vector<HelpPage>& command_pages, const std::string& version);

/// Text as troff shows it unchanged: backslashes, hyphens and a dot or quote at the start of a line.
std::string troff_text(const std::string& text);

}  // namespace kerf::cli
