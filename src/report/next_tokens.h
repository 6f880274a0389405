#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/json.h"

namespace kerf::report {

/// (text, probability) of the most likely next tokens, best first.
using NextTokens = std::vector<std::pair<std::string, double>>;

/// [{"text", "probability"}, ...]
Json next_tokens_json(const NextTokens& tokens);
std::string next_tokens_text(const NextTokens& tokens);

}  // namespace kerf::report
