#pragma once

#include <vector>

#include "kerf/kerf.h"

#include "api/text_data.h"

namespace kerf::api {

/// The places where a language model is farthest from the reference, with the text around them; tokens by number where
/// there is no tokenizer.
std::vector<WorstToken> worst_tokens(const eval::Series& series, const eval::Series& reference, description::Task task,
                                     const EvaluationText& text);

}  // namespace kerf::api
