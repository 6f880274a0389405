#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/json.h"
#include "text/pieces.h"

namespace kerf::text {

/// A regular expression as Hugging Face's tokenizers mean it: Oniguruma with its own syntax, UTF-8, and the character
/// properties of Unicode 16 (unicode_additions.h adds what an older library does not know).
///
/// Matching has bounds, so that a hostile pattern ends in an error: the work of backtracking is at most proportional
/// to the length of the text (times a constant), and the stack holds at most 4 million states.
class Regex {
 public:
  /// Error(kInput) at `where` if Oniguruma refuses the pattern. `where` also names the place in errors of matching.
  Regex(std::string_view pattern, const JsonCursor& where);

  /// All matches from left to right, as the library's iterator gives them: no overlap, and no empty match right
  /// after another match. Offsets count from the beginning of `text`, which must be valid UTF-8.
  void find_all(std::string_view text, const std::function<void(Span match)>& on_match) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
  std::string file_, place_;
};

/// A pattern that matches exactly these characters.
std::string escape_regex(std::string_view literal);

/// The expression in a component's `pattern` key: {"String": s} or {"Regex": r}.
std::string pattern_of(const JsonCursor& pattern);

}  // namespace kerf::text
