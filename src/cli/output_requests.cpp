#include "cli/output_requests.h"

#include <algorithm>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/arguments.h"
#include "core/error.h"
#include "core/strings.h"

namespace kerf::cli {

namespace {

/// The output that an option given at this place belongs to.
OutputRequest& output_before(std::vector<OutputRequest>& requests, const CLI::Option& option,
                             const std::string& value) {
  if (!requests.empty()) return requests.back();
  throw_usage(fmt::format("{} {} stands before any -o; it belongs to the -o just before it", name_of(option),
                          kerf::quoted(value)));
}

void set_once(const OutputRequest& request, std::string& chosen, const std::string& what, const std::string& value) {
  if (!chosen.empty()) {
    throw_usage(fmt::format("-o {} has two {}, {} and {}", kerf::quoted(request.path), what, kerf::quoted(chosen),
                            kerf::quoted(value)));
  }
  chosen = value;
}

}  // namespace

OutputOptions::OutputOptions(CLI::App& app)
    : app_(&app),
      output_(add_repeatable(app, "-o,--output", "OUT", "file or folder to write")),
      format_(add_value(app, "--format", "NAME", "format of the -o just before it",
                        "by its ending; a folder is compressed-tensors")) {
  for (const FormatOption& option : output_format_options()) {
    of_formats_.push_back(add_value(app, "--" + option.name, option.value,
                                    fmt::format("{}: {}", join(option.formats, ", "), option.summary), option.initial));
  }
}

std::vector<OutputRequest> OutputOptions::read() const {
  std::vector<OutputRequest> requests;
  std::map<const CLI::Option*, std::size_t> seen;  // CLI11 keeps an option's values in the order given
  for (const CLI::Option* option : app_->parse_order()) {
    const bool of_format = std::find(of_formats_.begin(), of_formats_.end(), option) != of_formats_.end();
    if (option != output_ && option != format_ && !of_format) continue;
    const std::string& value = option->results().at(seen[option]++);
    if (option == output_) {
      requests.push_back({value, "", {}});
      continue;
    }
    OutputRequest& request = output_before(requests, *option, value);
    if (option == format_) {
      set_once(request, request.format, "formats", value);
    } else {
      const std::string name = name_of(*option);
      set_once(request, request.options[name.substr(2)], name, value);
    }
  }
  if (requests.empty()) throw_usage("quantize needs -o OUT, the file or folder to write");
  return requests;
}

}  // namespace kerf::cli
