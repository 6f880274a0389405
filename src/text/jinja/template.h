#pragma once

#include <string>
#include <string_view>

#include "core/json.h"
#include "text/jinja/context.h"
#include "text/jinja/syntax.h"

namespace kerf::text::jinja {

/// A template in the language of chat templates: Jinja as transformers sets it up (trim_blocks, lstrip_blocks, loop
/// controls, `generation`, tojson without HTML's escapes, raise_exception, strftime_now). It reads its variables and
/// prints; it cannot reach anything else, and its steps, memory and depth are bounded. What of Jinja is missing
/// (inheritance, imports, number formats, methods that change what they belong to, ...) is refused by its name.
class Template {
 public:
  struct Rendered {
    std::string text;
    bool used_date = false;  ///< strftime_now() was called; it reads the day of kDate
  };
  /// "26 Jul 2024": the day that Llama's templates fall back on. The true one would change figures from day to day.
  static constexpr std::string_view kDate = "2024-07-26";

  /// Error(kInput) naming `file` and the line.
  Template(std::string_view source, std::string file);

  /// `variables`: an object. Error(kInput) naming the template and the line; Raised where it calls raise_exception().
  Rendered render(const Json& variables, const Limits& limits = {}) const;

 private:
  std::string file_;
  Body body_;
};

}  // namespace kerf::text::jinja
