#pragma once

#include <vector>

#include "kerf/kerf.h"

#include "emit/manifest.h"

namespace kerf::api {

/// Makes the files of a manifest again in the scratch folder and compares them with those that it names. Findings: a
/// source or calibration file that is another one, files that came out different, and what differs in the environment.
/// `rederived` in `result` is set if all files came out the same.
void rederive(const VerifyOptions& options, const emit::Manifest& manifest, const std::string& manifest_path,
              const Resources& resources, Verification& result);

}  // namespace kerf::api
