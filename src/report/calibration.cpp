#include "report/calibration.h"

#include <fmt/format.h>

#include "core/json_strings.h"
#include "report/figures.h"
#include "report/measurement.h"
#include "report/table.h"

namespace kerf::report {

Json to_json(const CalibrateResult& result, const std::string& output, const std::string& importance) {
  Json::Object out;
  if (!output.empty()) out.set("output", utf8_text(output));
  if (!importance.empty()) out.set("imatrix", utf8_text(importance));
  out.set("windows", result.windows);
  out.set("tokens", result.tokens);
  out.set("sites", result.sites);
  if (!output.empty()) out.set("bytes", result.bytes);
  if (!importance.empty()) out.set("imatrix_bytes", result.importance_bytes);
  out.set("notes", strings_json(result.notes));
  return out;
}

std::string to_text(const CalibrateResult& result, const std::string& output, const std::string& importance) {
  const std::string seen = fmt::format("{} over {} in {}", counted(result.sites, "site"),
                                       counted(result.tokens, "token"), counted(result.windows, "window"));
  std::string out;
  if (!output.empty())
    out += fmt::format("{}: statistics of {}, {}\n", printable(output), seen, exact_bytes(result.bytes));
  if (!importance.empty()) {
    out += fmt::format("{}: importance matrix of {}, {}\n", printable(importance), seen,
                       exact_bytes(result.importance_bytes));
  }
  return out + notes_text(result.notes);
}

}  // namespace kerf::report
