#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace kerf {

/// Text for JSON, which must be UTF-8: bytes of a path that are not become \xNN.
std::string utf8_text(const std::string& text);
Json::Array strings_json(const std::vector<std::string>& strings);

}  // namespace kerf
