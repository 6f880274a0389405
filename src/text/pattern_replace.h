#pragma once

#include <string>
#include <string_view>

#include "core/json.h"
#include "text/regex.h"

namespace kerf::text {

/// Replaces the matches of a string or a regular expression by a fixed string: {"pattern": {...}, "content": "..."}.
class PatternReplace {
 public:
  explicit PatternReplace(const JsonCursor& json);
  std::string apply(std::string_view text) const;

 private:
  Regex regex_;
  std::string content_;
};

}  // namespace kerf::text
