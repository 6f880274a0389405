#pragma once

#include <span>
#include <string_view>

namespace kerf::emit {

/// A format that kerf does not write, with the sentence that says how a model gets there all the same.
struct ForeignFormat {
  std::string_view names;    ///< that --format may be called with, separated by blanks
  std::string_view endings;  ///< of its files, separated by blanks
  std::string_view title;
  std::string_view way;
};

std::span<const ForeignFormat> foreign_formats();
/// The one with this name or whose files end so; null: none.
const ForeignFormat* foreign_format_named(std::string_view name);
const ForeignFormat* foreign_format_of(std::string_view path);

}  // namespace kerf::emit
