#pragma once

namespace kerf::report::html {

/// The page's style sheet: light and dark by the reader's choice, narrow and wide, on paper.
extern const char* const kStyle;
/// What the page does by itself: rows of a table that a search field narrows down, everything unfolded on paper.
extern const char* const kScript;

}  // namespace kerf::report::html
