#pragma once

#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "emit/target.h"

namespace kerf::emit {

/// Can the target hold the planned model exactly? If not, why, and which scheme in the place of the one that it cannot
/// hold would do.
TargetExactness exactness(const TargetInfo& target, const TargetOptions& options, const EmitModel& planned);
/// The same of every target with its default options.
std::vector<TargetExactness> exactness_of_all(const EmitModel& planned);

/// The default options, and each of the values that one option alone is known to take.
std::vector<TargetOptions> known_options(const TargetInfo& target);
/// Targets that hold the planned model exactly, each with the option that it needs for that, if any: "gptq
/// --gptq-format v2".
std::vector<std::string> formats_that_hold(const EmitModel& planned);

/// Schemes by how near they are to one: element type, bits, granularity, kind of offset; itself left out.
std::vector<codec::Scheme> nearest_schemes(const codec::Scheme& scheme);

}  // namespace kerf::emit
