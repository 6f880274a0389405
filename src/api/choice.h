#pragma once

#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "quant/candidate.h"

namespace kerf::api {

/// A candidate as the user's choice says it: recipe rules in order of precedence: --keep, --embedding and --head, the
/// recipe, then the scheme of linear roles and what embeddings and head are by default. Error(kUsage) naming what does
/// not fit.
quant::Candidate make_candidate(const OpenModel& model, const QuantizationChoice& choice, const std::string& spec);

/// How many weights got another scheme than the recipe asks for, because their rows do not fit it; empty if none did.
std::string fallback_note(const OpenModel& model, const quant::Candidate& candidate);

/// That a transform makes up for what a plain conversion does not lose; empty where that is not so.
std::string transform_note(const QuantizationChoice& choice, const quant::Candidate& candidate);

/// What the choice asks for and no candidate heeds, a sentence each: patterns of --keep that no weight's name matches,
/// and options that none of the methods and prunings reads.
std::vector<std::string> unused_notes(const OpenModel& model, const QuantizationChoice& choice,
                                      const std::vector<const quant::Candidate*>& candidates);

/// A scheme that is really the name of a recipe becomes one. Error(kUsage) with the nearest name if it is neither.
void resolve_scheme(QuantizationChoice& choice);

/// The DType that --scale-dtype names; f16 if empty.
DType scale_dtype(const QuantizationChoice& choice);

}  // namespace kerf::api
