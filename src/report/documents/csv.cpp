// Every figure of every model as comma-separated values (RFC 4180): a line a model, a column a JSON key.

#include <algorithm>

#include "core/strings.h"
#include "report/document.h"
#include "report/measurement.h"

namespace kerf::report {
namespace {

std::string cell_of(const Json& value) {
  const std::string text = value.is_string() ? value.as_string() : value.dump();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::string line_of(const std::vector<std::string>& cells) { return join(cells, ",") + "\r\n"; }

std::string write(const Comparison& comparison) {
  std::vector<Json::Object> models = {measurement_json(comparison.reference)};
  for (const Measurement& m : comparison.candidates) models.push_back(measurement_json(m));
  // Columns in the order of the first model that has them.
  std::vector<std::string> columns;
  for (const Json::Object& model : models) {
    for (const auto& [key, value] : model) {
      const bool plain = value.is_number() || value.is_string();
      if (plain && std::find(columns.begin(), columns.end(), key) == columns.end()) columns.push_back(key);
    }
  }
  std::string out = line_of(columns);
  for (const Json::Object& model : models) {
    std::vector<std::string> cells;
    for (const std::string& column : columns) {
      const Json* value = model.find(column);
      cells.push_back(value == nullptr || value->is_null() ? "" : cell_of(*value));
    }
    out += line_of(cells);
  }
  return out;
}

}  // namespace

const Document& csv_comparison_writer() {
  static const Document document{.name = "csv", .summary = "every figure as comma-separated values", .write = write};
  return document;
}

}  // namespace kerf::report
