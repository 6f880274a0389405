#include <CLI/CLI.hpp>

#include "cli/application.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/help_page.h"
#include "cli/man_page.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::cli {
namespace {

std::string whole_manual(const CLI::App& root) {
  std::vector<HelpPage> pages;
  for (const Command* command : commands()) pages.push_back(help_page(*root.get_subcommand(command->name), *command));
  return man_page(help_page(root), pages, version());
}

std::string help_about(const CLI::App& root, const std::string& name) {
  std::vector<std::string> names;
  for (const Command* command : commands()) {
    if (command->name == name) return terminal_text(help_page(*root.get_subcommand(name), *command));
    names.push_back(command->name);
  }
  throw_usage(unknown_name("command", name, names));
}

std::function<int()> define(CLI::App& app) {
  const CLI::Option* name = add_positional(app, "COMMAND", "the command to explain", false);
  const CLI::Option* man = add_flag(app, "--man", "the whole manual as a man page, in troff");
  return [&app, name, man] {
    const CLI::App& root = *app.get_parent();
    if (is_set(man)) {
      print(whole_manual(root));
    } else if (const auto command = value_of(name)) {
      print(help_about(root, *command));
    } else {
      print(terminal_text(help_page(root)));
    }
    return 0;
  };
}

}  // namespace

const Command& help_command() {
  static const Command command{
      .name = "help",
      .summary = "explain a command, or print the manual",
      .usage = "[COMMAND] [--man]",
      .description = "Says what kerf COMMAND --help says.",
      .lists = {},
      .examples = {{"kerf help --man | man -l -", "the manual in a pager"}},
      .define = define,
  };
  return command;
}

}  // namespace kerf::cli
