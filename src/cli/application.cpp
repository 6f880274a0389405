#include "cli/application.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/arguments.h"
#include "cli/command_line.h"
#include "cli/console.h"
#include "cli/help_page.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::cli {
namespace {

constexpr const char* kSummary = "cuts a language model's weights down to a few bits and measures what the cut removed";

const Command* find_command(const std::string& name) {
  for (const Command* command : commands()) {
    if (command->name == name) return command;
  }
  return nullptr;
}

/// "--text=" would take the next word as its value; an empty value is never meant.
void refuse_empty_values(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--") return;
    if (starts_with(word, "--") && word.find('=') == word.size() - 1) {
      throw_usage(fmt::format("{} has nothing after the equals sign", kerf::quoted(word)));
    }
  }
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

bool looks_like_option(const std::string& word) { return word.size() > 1 && word[0] == '-' && word != "--"; }

std::string command_name(const CLI::App* command) {
  return command == nullptr ? "kerf" : "kerf " + command->get_name();
}

}  // namespace

std::string version_text() {
  std::string out = "kerf " + version() + "\n";
  for (const std::string& line : build_info()) out += line + "\n";
  return out;
}

std::string greeting_text() {
  return fmt::format(
      "kerf {}: {}.\n\n"
      "  kerf inspect MODEL\n"
      "  kerf compare MODEL --text evaluation.txt --candidate int8 --candidate int4-g32\n"
      "  kerf quantize MODEL -o model.gguf\n\n"
      "{}\n"
      "kerf --help lists the commands, kerf COMMAND --help explains one.\n",
      version(), kSummary, kWhatModelIs);
}

Application::Application() : root_(std::make_unique<CLI::App>(kSummary, "kerf")) {
  root_->set_help_flag("-h,--help", "explain, and do nothing else");
  version_ = add_flag(*root_, "-V,--version", "print the version and what the numbers depend on");
  root_->require_subcommand(0, 1);
  for (const Command* command : commands()) {
    CLI::App* app = root_->add_subcommand(command->name, command->summary);
    runners_[command->name] = command->define(*app);
  }
}

Application::~Application() = default;

const CLI::App* Application::chosen() const {
  const auto parsed = root_->get_subcommands();
  return parsed.empty() ? nullptr : parsed.front();
}

int Application::run(std::vector<std::string> words) {
  remember_command_line(words);
  refuse_empty_values(words);
  const std::string last = words.empty() ? "" : words.back();
  words_ = words;
  std::reverse(words.begin(), words.end());  // as CLI11 takes them
  try {
    root_->parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    const CLI::App* app = chosen();
    print(terminal_text(app == nullptr ? help_page(*root_) : help_page(*app, *find_command(app->get_name()))));
    return 0;
  } catch (const CLI::ExtrasError&) {
    refuse_words(root_->remaining(true));
  } catch (const CLI::RequiredError& error) {
    // A misspelt option explains more than the argument that it pushed aside.
    const auto left_over = root_->remaining(true);
    if (!left_over.empty()) refuse_words(left_over);
    throw_usage(fmt::format("{} needs {}; {} --help explains", chosen()->get_name(), split(error.what(), ' ').front(),
                            command_name(chosen())));
  } catch (const CLI::ArgumentMismatch&) {
    // The only mismatch left to CLI11 is an option that the line ends with.
    throw_usage(fmt::format("{} needs a value", kerf::quoted(last)));
  } catch (const CLI::ParseError& error) {
    throw_usage(error.what());
  }
  return dispatch();
}

int Application::dispatch() {
  if (is_set(version_)) {
    print(version_text());
    return 0;
  }
  const CLI::App* app = chosen();
  if (app == nullptr) {
    print(greeting_text());
    return 0;
  }
  refuse_swallowed_options();
  return runners_.at(app->get_name())();
}

void Application::refuse_words(const std::vector<std::string>& left_over) const {
  const CLI::App* app = chosen();
  if (app == nullptr && !looks_like_option(left_over.front())) {
    std::vector<std::string> names;
    for (const Command* command : commands()) names.push_back(command->name);
    throw_usage(unknown_name("command", left_over.front(), names));
  }
  const auto option = std::find_if(left_over.begin(), left_over.end(), looks_like_option);
  if (option != left_over.end()) {
    const std::string name = split(*option, '=').front();
    const auto names = option_names(app == nullptr ? *root_ : *app);
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw_usage(fmt::format("{} stands before the command; it belongs behind it", name));
    }
    const auto nearest = nearest_name(name, names);
    throw_usage(fmt::format("no option {}; {}{} --help lists them", kerf::quoted(name),
                            nearest ? "did you mean " + *nearest + "? " : "", command_name(app)));
  }
  // An option that took the next one for its value leaves that one's value over.
  refuse_swallowed_options();
  throw_usage(fmt::format("found {}, expected nothing more; {}{} --help explains", kerf::quoted(left_over.front()),
                          equals_hint(), command_name(app)));
}

std::string Application::equals_hint() const {
  const CLI::App* app = chosen();
  for (std::size_t i = 0; app != nullptr && i + 1 < words_.size(); ++i) {
    const CLI::Option* option = app->get_option_no_throw(words_[i]);
    if (option == nullptr || !has_optional_value(*option) || looks_like_option(words_[i + 1])) continue;
    return fmt::format("a value of {} stands behind an equals sign: {}={}; ", words_[i], words_[i], words_[i + 1]);
  }
  return "";
}

void Application::refuse_swallowed_options() const {
  const CLI::App* app = chosen();
  if (app == nullptr) return;
  const auto names = option_names(*app);
  for (const CLI::Option* option : app->get_options()) {
    if (option->get_expected_max() == 0) continue;
    for (const std::string& value : option->results()) {
      if (std::find(names.begin(), names.end(), value) != names.end()) {
        throw_usage(fmt::format("{} needs a value, but {} follows", name_of(*option), value));
      }
    }
  }
}

}  // namespace kerf::cli
