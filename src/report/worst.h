#pragma once

#include <string>
#include <vector>

#include "kerf/kerf.h"

namespace kerf::report {

/// A table of the tokens where a model is farthest from the reference, for a terminal: the end of what was read, the
/// right token in brackets, and what both found most likely.
std::string worst_text(const std::vector<WorstToken>& worst);

/// The last or first `count` characters, cut at a character's boundary, with "..." where something was cut.
std::string last_characters(const std::string& text, std::size_t count);
std::string first_characters(const std::string& text, std::size_t count);

}  // namespace kerf::report
