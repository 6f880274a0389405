#include "cli/document_options.h"

#include <algorithm>

#include "cli/arguments.h"

namespace kerf::cli {

DocumentOptions::DocumentOptions(CLI::App& app, const std::vector<std::pair<std::string, std::string>>& documents) {
  const Heading heading(app, "Reports");
  for (const auto& [name, summary] : documents) options_.push_back(add_value(app, "--" + name, "FILE", summary));
}

bool DocumentOptions::given() const { return std::any_of(options_.begin(), options_.end(), is_given); }

void DocumentOptions::prepare() {
  files_.clear();
  for (const CLI::Option* option : options_) {
    const auto path = value_of(option);
    files_.push_back(path ? std::make_unique<OutputFile>(*path) : nullptr);
  }
}

void DocumentOptions::write(const std::function<std::string(std::size_t)>& write) {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (files_[i] == nullptr) continue;
    files_[i]->write(write(i));
    files_[i]->commit();
  }
}

}  // namespace kerf::cli
