#include "report/calibration.h"

#include <fmt/format.h>

#include "report/figures.h"
#include "report/measurement.h"
#include "report/table.h"

namespace kerf::report {

Json to_json(const CalibrateResult& result, const std::string& output) {
  Json::Object out;
  out.set("output", utf8_text(output));
  out.set("windows", result.windows);
  out.set("tokens", result.tokens);
  out.set("sites", result.sites);
  out.set("bytes", result.bytes);
  out.set("notes", strings_json(result.notes));
  return out;
}

std::string to_text(const CalibrateResult& result, const std::string& output) {
  return fmt::format("{}: statistics of {} over {} in {}, {}\n", printable(output), counted(result.sites, "site"),
                     counted(result.tokens, "token"), counted(result.windows, "window"), exact_bytes(result.bytes)) +
         notes_text(result.notes);
}

}  // namespace kerf::report
