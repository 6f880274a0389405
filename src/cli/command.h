#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kerf/kerf.h"

namespace CLI {
class App;
}

namespace kerf::cli {

struct Example {
  std::string line;  ///< a command to copy, from "kerf" on
  std::string text;  ///< what it does
};

/// Names that the library knows, asked for when help is printed so that it cannot go stale.
struct NameList {
  std::string title;
  std::vector<Named> (*names)();
};

/// A subcommand describes itself: its file and one line in commands.def are all there is to it.
struct Command {
  std::string name;
  std::string summary;      ///< one line, in lists
  std::string usage;        ///< what follows "kerf NAME"
  std::string description;  ///< paragraphs, separated by an empty line
  std::vector<NameList> lists;
  std::vector<Example> examples;
  /// Adds the options to `app`; what it returns runs the command after they were parsed, and gives the exit code.
  std::function<std::function<int()>(CLI::App& app)> define;
};

#define X(name) const Command& name##_command();
#include "cli/commands.def"
#undef X

/// All of them, in the order of the list.
std::vector<const Command*> commands();

}  // namespace kerf::cli
