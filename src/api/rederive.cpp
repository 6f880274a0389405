#include "api/rederive.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "api/open_model.h"
#include "api/provenance.h"
#include "api/request.h"
#include "core/error.h"
#include "core/file.h"
#include "core/output.h"
#include "core/strings.h"

namespace kerf::api {
namespace {

void fail(Verification& result, const char* kind, std::string text) {
  result.findings.push_back({true, kind, "", std::move(text)});
}

/// Are the files there the ones that the manifest was made from?
bool check_inputs(std::string_view what, const std::vector<emit::FileHash>& expected,
                  const std::vector<emit::FileHash>& found, Verification& result) {
  bool same = true;
  for (const emit::FileHash& file : expected) {
    const auto other = std::find_if(found.begin(), found.end(),
                                    [&](const emit::FileHash& candidate) { return candidate.name == file.name; });
    if (other != found.end() && *other == file) continue;
    same = false;
    fail(result, "file",
         other == found.end() ? fmt::format("{} {} of the manifest is not there", what, kerf::quoted(file.name))
                              : fmt::format("{} {} is not the file of the manifest (sha256 {}, there {})", what,
                                            kerf::quoted(file.name), other->sha256, file.sha256));
  }
  return same;
}

void note_environment(const emit::Manifest& manifest, Verification& result) {
  const auto here = build_info();
  const std::set<std::string> lines(here.begin(), here.end());
  if (manifest.version != version()) {
    result.findings.push_back(
        {false, "environment", "", fmt::format("made by kerf {}, this is kerf {}", manifest.version, version())});
  }
  for (const std::string& line : manifest.build) {
    if (lines.contains(line)) continue;
    result.findings.push_back(
        {false, "environment", "", fmt::format("made with {}, not here", kerf::quoted(line, 200))});
  }
}

/// Calibration files by name where the manifest's paths are not theirs any more.
void move_calibration(const std::vector<std::string>& now, CalibrationOptions& calibration) {
  if (now.empty()) return;
  const auto moved = [&](std::string& path) {
    const auto found = std::find_if(now.begin(), now.end(),
                                    [&](const std::string& other) { return file_name(other) == file_name(path); });
    if (found == now.end()) {
      throw_usage(fmt::format("--calibration: none of the files is named {}, as in the manifest",
                              kerf::quoted(file_name(path))));
    }
    path = *found;
  };
  for (std::string& path : calibration.text.files) moved(path);
  if (!calibration.text.tokens_file.empty()) moved(calibration.text.tokens_file);
}

/// The same run with its outputs below `folder`.
QuantizeOptions moved_request(const VerifyOptions& options, const emit::Manifest& manifest,
                              const std::string& manifest_path, const OutputFolder& folder) {
  QuantizeOptions request = read_request(JsonCursor(manifest.request, manifest_path, "request"));
  if (!options.original.path.empty()) {
    request.model.path = options.original.path;
    request.model.allow_bin = options.original.allow_bin;
  }
  move_calibration(options.calibration, request.calibration);
  if (!manifest.recipe.empty() && is_path_of_recipe(request.choice)) {
    request.choice.recipe = join_path(folder.temporary_path(), "recipe.yaml");
    write_file(request.choice.recipe, manifest.recipe);
  }
  std::size_t number = 0;
  for (OutputRequest& output : request.outputs) {
    // A folder each: two outputs may have one name in different folders.
    const std::string place = join_path(folder.temporary_path(), std::to_string(number++));
    std::filesystem::create_directory(place);
    std::string path = output.path;
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    output.path = join_path(place, file_name(path));
  }
  return request;
}

void compare_files(const emit::Manifest& expected, const emit::Manifest& found, Verification& result) {
  result.rederived = true;
  for (const emit::FileHash& file : expected.files) {
    if (std::find(found.files.begin(), found.files.end(), file) != found.files.end()) continue;
    result.rederived = false;
    fail(result, "rederived", fmt::format("{} came out different", kerf::quoted(file.name)));
  }
  if (found.files.size() != expected.files.size()) {
    result.rederived = false;
    fail(result, "rederived",
         fmt::format("{} files came out, the manifest has {}", found.files.size(), expected.files.size()));
  }
}

}  // namespace

void rederive(const VerifyOptions& options, const emit::Manifest& manifest, const std::string& manifest_path,
              const Resources& resources, Verification& result) {
  note_environment(manifest, result);
  const OutputFolder folder(join_path(resources.scratch_folder, "kerf-rederive"), true);
  const QuantizeOptions request = moved_request(options, manifest, manifest_path, folder);
  const bool same_model = check_inputs("the source file", manifest.source, source_hashes(request.model), result);
  const bool same_text =
      check_inputs("the calibration file", manifest.calibration, calibration_hashes(request.calibration), result);
  if (!same_model || !same_text) return;
  const QuantizeResult again = quantize(request, resources);
  for (const WrittenOutput& output : again.outputs) {
    const emit::Manifest found = emit::read_manifest(output.manifest);
    if (found.name == manifest.name && found.format == manifest.format && found.options == manifest.options) {
      return compare_files(manifest, found, result);
    }
  }
  fail(result, "rederived", fmt::format("the manifest's request has no output {}", kerf::quoted(manifest.name)));
}

}  // namespace kerf::api
