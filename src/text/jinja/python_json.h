#pragma once

#include <optional>
#include <string>

#include "text/jinja/context.h"

namespace kerf::text::jinja {

/// How Python's json.dumps() writes.
struct JsonStyle {
  bool ascii = false;
  bool sorted = false;
  std::optional<std::string> indent;  ///< of each level; absent: one line
  std::string between = ", ", behind_key = ": ";
};
std::string json_text(Context& context, const Value& value, const JsonStyle& style);

}  // namespace kerf::text::jinja
