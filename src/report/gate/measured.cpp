#include "report/gate/measured.h"

#include "core/error.h"
#include "core/file.h"

namespace kerf::report {
namespace {

constexpr std::uint64_t kLargestReport = std::uint64_t{1} << 28;

void require_candidate(const JsonCursor& candidate) {
  candidate.as_object();
  candidate.at("spec").as_string();
  candidate.at("tokens_scored").as_int64();
}

}  // namespace

const Json* MeasuredReport::find(const std::string& spec) const {
  for (const Json& candidate : candidates) {
    if (candidate.find("spec")->as_string() == spec) return &candidate;
  }
  return candidates.size() == 1 ? &candidates.front() : nullptr;
}

MeasuredReport measured_report(const Json& json, const std::string& file) {
  const JsonCursor root(json, file);
  root.as_object();
  if (!json.contains("text") || (!json.contains("candidates") && !json.contains("tokens_scored"))) {
    throw_input(file, "", "is no report of kerf eval or kerf compare; expected what their --json=FILE writes");
  }
  MeasuredReport report;
  report.file = file;
  root.at("text").as_object();
  report.text = *json.find("text");
  if (const Json* floor = json.find("noise_floor"); floor != nullptr && floor->is_object()) report.noise_floor = *floor;
  report.margin = root.double_or("margin", 0);
  if (const auto candidates = root.get("candidates")) {
    for (std::size_t i = 0; i < candidates->as_array().size(); ++i) {
      require_candidate(candidates->at(i));
      report.candidates.push_back(candidates->as_array()[i]);
    }
    if (report.candidates.empty()) throw_input(file, "candidates", "found an empty list");
  } else {
    require_candidate(root);
    report.candidates.push_back(json);
  }
  return report;
}

MeasuredReport read_measured_report(const std::string& file) {
  return measured_report(Json::parse(read_file(file, kLargestReport), file), file);
}

}  // namespace kerf::report
