#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"

namespace CLI {
class Option;
}

namespace kerf::cli {

/// The program without its process: takes the words after the program's name, prints, returns the exit code. Wrong
/// usage is Error(kUsage) with the nearest known name.
class Application {
 public:
  Application();
  ~Application();
  int run(std::vector<std::string> words);

  const CLI::App& root() const { return *root_; }

 private:
  int dispatch();
  /// The command that was asked for; nullptr if none.
  const CLI::App* chosen() const;
  [[noreturn]] void refuse_words(const std::vector<std::string>& left_over) const;
  void refuse_swallowed_options() const;
  /// "a value of --json stands behind an equals sign: --json=FILE; " if one stands behind a space; else empty.
  std::string equals_hint() const;

  std::vector<std::string> words_;  ///< those of run()
  std::unique_ptr<CLI::App> root_;
  std::map<std::string, std::function<int()>> runners_;
  CLI::Option* version_ = nullptr;
};

/// "kerf 0.1.0" and what the numbers depend on.
std::string version_text();
/// What a bare `kerf` says: what it is and three commands to copy.
std::string greeting_text();

}  // namespace kerf::cli
