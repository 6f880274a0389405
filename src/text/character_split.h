#pragma once

#include <utility>
#include <vector>

#include "text/pattern_split.h"
#include "text/pieces.h"
#include "text/unicode.h"

namespace kerf::text {

/// Divides pieces at the characters for which `is_match(code point)` holds, each a match of its own.
template <typename IsMatch>
void split_at_characters(Pieces& pieces, SplitBehavior behavior, IsMatch is_match) {
  std::vector<Span> spans;
  spans.reserve(pieces.spans.size());
  std::vector<Part> parts;
  for (const Span piece : pieces.spans) {
    parts.clear();
    std::uint32_t previous = piece.begin;
    for (std::uint32_t at = piece.begin; at < piece.end;) {
      const CodePoint c = code_point_at(pieces.text, at);
      const auto next = static_cast<std::uint32_t>(at + c.bytes);
      if (is_match(c.value)) {
        if (previous != at) parts.push_back({{previous, at}, false});
        parts.push_back({{at, next}, true});
        previous = next;
      }
      at = next;
    }
    if (previous != piece.end) parts.push_back({{previous, piece.end}, false});
    append_pieces(parts, behavior, spans);
  }
  pieces.replace_spans(std::move(spans));
}

/// Divides pieces into the longest runs of characters with one value of `class_of(code point)`; runs of class 0 are
/// removed.
template <typename ClassOf>
void split_by_class(Pieces& pieces, ClassOf class_of) {
  std::vector<Span> spans;
  spans.reserve(pieces.text.size() / 4);
  for (const Span piece : pieces.spans) {
    int run_class = 0;
    std::uint32_t begin = piece.begin;
    for (std::uint32_t at = piece.begin; at < piece.end;) {
      const CodePoint c = code_point_at(pieces.text, at);
      const int next_class = class_of(c.value);
      if (next_class != run_class) {
        if (run_class != 0) spans.push_back({begin, at});
        begin = at;
        run_class = next_class;
      }
      at += static_cast<std::uint32_t>(c.bytes);
    }
    if (run_class != 0) spans.push_back({begin, piece.end});
  }
  pieces.replace_spans(std::move(spans));
}

}  // namespace kerf::text
