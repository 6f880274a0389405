#pragma once

#include <string>
#include <string_view>

#include "text/jinja/syntax.h"

namespace kerf::text::jinja {

/// Error(kInput) naming `file` and the line: what is malformed, or not supported and how it is called.
Body parse_template(std::string_view source, const std::string& file);

}  // namespace kerf::text::jinja
