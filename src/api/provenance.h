#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "emit/file_hashes.h"
#include "emit/manifest.h"
#include "emit/target.h"

namespace kerf::api {

/// Hashes of the files that a model is read from: tensors, configuration, tokenizer; adapters.
std::vector<emit::FileHash> source_hashes(const ModelInput& model);
/// Of calibration text, token ids or saved statistics.
std::vector<emit::FileHash> calibration_hashes(const CalibrationOptions& calibration);

/// Does the choice name a recipe by the path of a file, and not one that kerf brings?
bool is_path_of_recipe(const QuantizationChoice& choice);

/// What the manifests of all outputs of a run say; `request` with the scheme and method that were chosen.
emit::Manifest start_manifest(const QuantizeOptions& request, const QuantizeResult& result);
/// That of one output, whose files are complete; its tensors are left to the caller.
emit::Manifest finish_manifest(emit::Manifest manifest, const OutputRequest& request, const WrittenOutput& written,
                               const emit::Emission& emission);

}  // namespace kerf::api
