#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kerf/kerf.h"

#include "api/open_model.h"
#include "emit/target.h"
#include "quant/candidate.h"

namespace kerf::api {

/// The model as `candidate` leaves it, for a target: without values (planning) or with the candidate's sources.
emit::EmitModel emit_model(const OpenModel& model, const quant::Candidate& candidate, bool with_sources);

/// Can the target write such a model? An ONNX model is written as what it is.
bool writes(const emit::TargetInfo& target, const OpenModel& model);

/// What the candidate would weigh in the smallest of the targets that can hold it exactly (of those within 1 % of each
/// other, the first); in none, its plain tensors.
struct Weighed {
  std::uint64_t bytes = 0, tensor_bytes = 0;
  std::string as;
  std::vector<TensorPlan> tensors;
};
Weighed weigh(const OpenModel& model, const quant::Candidate& candidate);

}  // namespace kerf::api
