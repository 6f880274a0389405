#pragma once

#include <string>
#include <string_view>

namespace kerf::text {

/// Every `from` in `text` replaced by `to`, from left to right. `from` is not empty.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

/// Takes the spaces away that joining words by spaces leaves before punctuation and in English contractions.
std::string clean_up_words(std::string text);

}  // namespace kerf::text
