#pragma once

#include <string>
#include <vector>

#include "quant/candidate.h"

namespace kerf::quant {

/// Those of MethodOptions that only some methods and pruners read.
enum class MethodOption { kDamping, kActOrder, kPolish, kSteps };

bool reads(const MethodInfo& method, MethodOption option);
bool reads(const PrunerInfo& pruner, MethodOption option);
/// Does anything that the candidate does to its weights read it?
bool reads(const Candidate& candidate, MethodOption option);

/// Does it look at more than statistics of what the weight multiplies (drift, the model's end, whole blocks)? Saved
/// ones do not stand for the text then.
bool watches_model(const MethodInfo& method);

/// Names of the methods and pruners that read an option, in the order of their lists.
std::vector<std::string> readers_of(MethodOption option);

}  // namespace kerf::quant
