#include "cli/output_requests.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/arguments.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::cli {

OutputOptions::OutputOptions(CLI::App& app)
    : app_(&app),
      output_(add_repeatable(app, "-o,--output", "OUT", "file or folder to write")),
      format_(add_value(app, "--format", "NAME", "format of the -o just before it",
                        "by its ending; a folder is compressed-tensors")) {}

std::vector<OutputRequest> OutputOptions::read() const {
  std::vector<OutputRequest> requests;
  std::size_t outputs = 0, formats = 0;
  for (const CLI::Option* option : app_->parse_order()) {
    if (option == output_) {
      requests.push_back({output_->results().at(outputs++), ""});
    } else if (option == format_) {
      const std::string& format = format_->results().at(formats++);
      if (requests.empty()) {
        throw_usage(
            fmt::format("--format {} stands before any -o; it belongs to the -o just before it", kerf::quoted(format)));
      }
      std::string& chosen = requests.back().format;
      if (!chosen.empty()) {
        throw_usage(fmt::format("-o {} has two formats, {} and {}", kerf::quoted(requests.back().path),
                                kerf::quoted(chosen), kerf::quoted(format)));
      }
      chosen = format;
    }
  }
  if (requests.empty()) throw_usage("quantize needs -o OUT, the file or folder to write");
  return requests;
}

}  // namespace kerf::cli
