#pragma once

#include <cstdint>
#include <vector>

#include "core/json.h"
#include "text/pieces.h"

namespace kerf::text {

/// What becomes of the matches of a pattern (SplitDelimiterBehavior in Hugging Face's tokenizers).
enum class SplitBehavior : std::uint8_t { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// "Isolated" and its like.
SplitBehavior split_behavior(const JsonCursor& json);

/// A stretch of a piece that a pattern matches, or one between matches. The parts of a piece follow each other without
/// gap; a match may be empty.
struct Part {
  Span span;
  bool is_match = false;
};

/// Appends the pieces that the parts of one piece make.
void append_pieces(const std::vector<Part>& parts, SplitBehavior behavior, std::vector<Span>& out);

}  // namespace kerf::text
