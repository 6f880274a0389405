#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kerf/kerf.h"

#include "core/json.h"
#include "emit/file_hashes.h"

namespace kerf::emit {

/// What was made from what: written beside every output, so that anybody can check later that a file is the one that
/// was measured, or make it again.
struct Manifest {
  std::string version;             ///< of kerf
  std::vector<std::string> build;  ///< libraries and instruction set that the numbers depend on
  std::string chosen;              ///< scheme and method in a sentence
  Json request = Json::object();   ///< everything that was asked for, all outputs of the run (api/request.h)
  std::string recipe;              ///< text of the recipe, if there was one
  std::vector<FileHash> source, calibration;
  std::string name, format;  ///< of the output, without its folder
  std::map<std::string, std::string, std::less<>> options;
  std::vector<FileHash> files;
  double bits_per_weight = 0;
  std::string weights_hash;
  std::vector<TensorPlan> tensors;
};

/// "model.gguf.kerf.json" beside a file, "model.kerf.json" inside a folder.
std::string manifest_path(const std::string& output, bool folder);
/// That of a model which was written with one: a file, any part of a split file, or a folder (its safetensors file may
/// be named instead). Empty if there is none.
std::string find_manifest(const std::string& model);

Json to_json(const Manifest& manifest);
/// Strict: Error(kInput) naming file and key for whatever is missing, unknown or of another kind.
Manifest parse_manifest(const JsonCursor& json);
Manifest read_manifest(const std::string& path);

/// One tensor of a plan, as reports and manifests have it.
Json to_json(const TensorPlan& plan);

}  // namespace kerf::emit
