#pragma once

#include <vector>

#include "kerf/kerf.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kerf::cli {

/// -o OUT and --format NAME, several times, and the options that formats offer: they belong to the output just before
/// them.
class OutputOptions {
 public:
  explicit OutputOptions(CLI::App& app);
  /// In the order given. Usage error without any, or for a format or an option of one without its output.
  std::vector<OutputRequest> read() const;

 private:
  const CLI::App* app_;
  const CLI::Option *output_, *format_;
  std::vector<const CLI::Option*> of_formats_;
};

}  // namespace kerf::cli
