#include "cli/json_output.h"

#include "cli/arguments.h"
#include "cli/console.h"
#include "core/error.h"

namespace kerf::cli {
namespace {

/// What the flag means when it stands alone; by custom never a file's name.
constexpr const char* kStandardOutput = "-";

}  // namespace

JsonOption::JsonOption(CLI::App& app)
    : option_(add_optional_value(app, "--json", "FILE",
                                 "results as JSON to standard output, or, with =FILE, to a file beside the text",
                                 kStandardOutput)) {}

void JsonOption::prepare() {
  const auto destination = value_of(option_);
  if (destination && *destination != kStandardOutput) file_ = std::make_unique<OutputFile>(*destination);
}

bool JsonOption::replaces_text() const { return value_of(option_) == kStandardOutput; }

void JsonOption::write(const Json& json, const std::function<std::string()>& text) {
  if (replaces_text()) {
    print(json.dump(2) + "\n");
    return;
  }
  print(text());
  if (file_) {
    file_->write(json.dump(2) + "\n");
    file_->commit();
  }
}

}  // namespace kerf::cli
