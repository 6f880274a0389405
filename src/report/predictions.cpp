#include "report/predictions.h"

#include "core/json_strings.h"
#include "core/strings.h"
#include "report/figures.h"
#include "report/measurement.h"
#include "report/table.h"

namespace kerf::report {

Json predictions_json(const std::vector<Prediction>& predictions) {
  Json::Array out;
  for (const Prediction& prediction : predictions) {
    for (const auto& [text, probability] : prediction.best) {
      Json::Object entry;
      if (prediction.mask > 0) entry.set("mask", prediction.mask);
      entry.set(prediction.what == "label" ? "label" : "text", utf8_text(text));
      entry.set("probability", probability);
      out.emplace_back(std::move(entry));
    }
  }
  return out;
}

std::string predictions_text(const std::vector<Prediction>& predictions) {
  std::string out;
  for (const Prediction& prediction : predictions) {
    Table table;
    table.column("probability", Table::Align::kRight).column(prediction.what);
    for (const auto& [text, probability] : prediction.best) table.row({percent(probability), kerf::quoted(text)});
    out += (out.empty() ? "" : "\n") + table.text();
  }
  return out;
}

}  // namespace kerf::report
