#pragma once

#include <vector>

#include "kerf/kerf.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kerf::cli {

/// -o OUT and --format NAME, several times: a format belongs to the output just before it.
class OutputOptions {
 public:
  explicit OutputOptions(CLI::App& app);
  /// In the order given. Usage error without any, or for a format without its output.
  std::vector<OutputRequest> read() const;

 private:
  const CLI::App* app_;
  const CLI::Option *output_, *format_;
};

}  // namespace kerf::cli
