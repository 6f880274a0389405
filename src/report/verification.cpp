#include "report/verification.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/json_strings.h"
#include "core/strings.h"
#include "report/figures.h"
#include "report/measurement.h"
#include "report/table.h"

namespace kerf::report {
namespace {

using Align = Table::Align;

Json finding_json(const Finding& finding) {
  Json::Object out;
  out.set("failure", finding.failure);
  out.set("kind", finding.kind);
  if (!finding.tensor.empty()) out.set("tensor", utf8_text(finding.tensor));
  out.set("text", utf8_text(finding.text));
  return out;
}

Json tensor_json(const TensorVerification& tensor) {
  Json::Object out;
  out.set("name", utf8_text(tensor.name));
  out.set("role", tensor.role);
  out.set("scheme", tensor.scheme);
  out.set("shape", Json::Array(tensor.shape.begin(), tensor.shape.end()));
  out.set("relative_error", tensor.relative_error);
  if (tensor.rounding_error > 0) out.set("rounding_error", tensor.rounding_error);
  out.set("offset_steps", tensor.offset);
  out.set("worst_steps", tensor.worst_steps);
  if (tensor.scaled) out.set("scaled", true);
  out.set("passed", tensor.passed);
  return out;
}

std::string tensors_table(const Verification& result) {
  Table table;
  table.column("tensor").column("role").column("stored as");
  table.column("error", Align::kRight).column("by rounding", Align::kRight).column("mean, steps", Align::kRight);
  table.column("worst, steps", Align::kRight).column("verdict");
  for (const TensorVerification& tensor : result.tensors) {
    table.row({printable(tensor.name), tensor.role, tensor.scheme, fmt::format("{:.2e}", tensor.relative_error),
               tensor.rounding_error > 0 ? fmt::format("{:.2e}", tensor.rounding_error) : "-",
               fmt::format("{:+.3f}", tensor.offset), fmt::format("{:.2f}", tensor.worst_steps),
               tensor.passed ? "ok" : "FAILED"});
  }
  return table.empty() ? "" : table.text() + "\n";
}

std::string checked_text(const Verification& result) {
  std::string text;
  if (!result.manifest.empty()) {
    text += fmt::format("manifest {}: {} checked by SHA-256\n", printable(result.manifest),
                        counted(result.files_checked, "file"));
  } else {
    text += "no manifest: a change within what rounding explains cannot be told\n";
  }
  if (!result.tensors.empty()) {
    text += fmt::format("{} compared with the original's, {} cut by both tokenizers\n",
                        counted(static_cast<std::int64_t>(result.tensors.size()), "tensor"),
                        counted(result.texts_checked, "text"));
  } else if (result.texts_checked > 0) {
    text += fmt::format("{} cut by both tokenizers\n", counted(result.texts_checked, "text"));
  }
  if (result.rederived) text += "made again from the manifest: the same bytes\n";
  return text;
}

}  // namespace

Json to_json(const Verification& result) {
  Json::Object out;
  out.set("passed", result.passed);
  out.set("original", utf8_text(result.original));
  out.set("candidate", utf8_text(result.candidate));
  if (!result.manifest.empty()) out.set("manifest", utf8_text(result.manifest));
  Json::Array findings, tensors;
  for (const Finding& finding : result.findings) findings.push_back(finding_json(finding));
  for (const TensorVerification& tensor : result.tensors) tensors.push_back(tensor_json(tensor));
  out.set("findings", std::move(findings));
  out.set("tensors", std::move(tensors));
  out.set("files_checked", result.files_checked);
  out.set("texts_checked", result.texts_checked);
  out.set("rederived", result.rederived);
  out.set("seconds", result.seconds);
  out.set("peak_ram_bytes", result.peak_ram_bytes);
  out.set("notes", strings_json(result.notes));
  return out;
}

std::string to_text(const Verification& result, bool verbose) {
  const auto failures = std::count_if(result.findings.begin(), result.findings.end(),
                                      [](const Finding& finding) { return finding.failure; });
  std::string out = result.passed ? "verified\n" : fmt::format("NOT verified: {}\n", counted(failures, "finding"));
  out += checked_text(result);
  if (verbose) out += "\n" + tensors_table(result);
  constexpr std::size_t kShown = 40;
  const std::size_t shown = verbose ? result.findings.size() : std::min(result.findings.size(), kShown);
  for (std::size_t i = 0; i < shown; ++i) {
    const Finding& finding = result.findings[i];
    out += fmt::format("{} {}: {}{}\n", finding.failure ? "FAILED" : "note", finding.kind,
                       finding.tensor.empty() ? "" : printable(finding.tensor) + ": ", printable(finding.text, 400));
  }
  if (shown < result.findings.size()) {
    out += fmt::format("... and {} more; -v and --json list them\n", result.findings.size() - shown);
  }
  out += notes_text(result.notes);
  return out + fmt::format("{}, peak memory {}\n", duration(result.seconds), human_bytes(result.peak_ram_bytes));
}

}  // namespace kerf::report
