#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/output.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace kerf::cli {

/// Options for files that tell of a result (--html FILE, --junit FILE): one each by name.
class DocumentOptions {
 public:
  /// `documents`: names without dashes, each with what it is.
  DocumentOptions(CLI::App& app, const std::vector<std::pair<std::string, std::string>>& documents);
  /// Is any asked for?
  bool given() const;
  /// Opens the files before the work, so that a folder that cannot be written is known at once.
  void prepare();
  /// Writes those asked for; `write` gives the text of the document with that number.
  void write(const std::function<std::string(std::size_t)>& write);

 private:
  std::vector<const CLI::Option*> options_;
  std::vector<std::unique_ptr<OutputFile>> files_;
};

/// Names and summaries of a registry of documents.
template <typename Document>
std::vector<std::pair<std::string, std::string>> document_names(const std::vector<const Document*>& documents) {
  std::vector<std::pair<std::string, std::string>> names;
  for (const Document* document : documents) names.emplace_back(document->name, document->summary);
  return names;
}

}  // namespace kerf::cli
