#pragma once

#include <vector>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "emit/target.h"
#include "quant/candidate.h"

namespace kerf::api {

/// What each tensor becomes in an output; `first` null: in none in particular.
std::vector<TensorPlan> tensor_plans(const OpenModel& model, const quant::Candidate& candidate,
                                     const emit::EmitModel& planned, const emit::Emission* first);

}  // namespace kerf::api
