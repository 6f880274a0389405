#pragma once

#include <string>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "quant/candidate.h"

namespace kerf::api {

/// A candidate as the user's choice says it: recipe rules in order of precedence: --keep, the recipe file, then the
/// schemes of linear roles, embeddings and head. Error(kUsage) naming what does not fit.
quant::Candidate make_candidate(const OpenModel& model, const QuantizationChoice& choice, const std::string& spec);

/// The DType that --scale-dtype names; f16 if empty.
DType scale_dtype(const QuantizationChoice& choice);

}  // namespace kerf::api
