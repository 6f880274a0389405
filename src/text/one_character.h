#pragma once

#include <string>

#include "core/json.h"

namespace kerf::text {

/// A string that must be exactly one character.
std::string one_character(const JsonCursor& json);

}  // namespace kerf::text
