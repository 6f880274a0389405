#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/json.h"
#include "core/output.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kerf::cli {

/// --json (to standard output, instead of the text) and --json=FILE (beside the text).
class JsonOption {
 public:
  explicit JsonOption(CLI::App& app);
  /// Opens FILE before the work, so that a folder that cannot be written is known at once.
  void prepare();
  /// Is the JSON all that goes to standard output?
  bool replaces_text() const;
  /// Prints what was asked for; `text` is called only if it is needed.
  void write(const Json& json, const std::function<std::string()>& text);

 private:
  CLI::Option* option_;
  std::unique_ptr<OutputFile> file_;
};

}  // namespace kerf::cli
