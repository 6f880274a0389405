#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kerf::text {

/// A part of a text: bytes [begin, end).
struct Span {
  std::uint32_t begin = 0, end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

/// No text grows past this on its way through a tokenizer, so that spans fit 32 bits.
inline constexpr std::size_t kMaxTextBytes = std::size_t{1} << 31;

/// A text on its way through the pre-tokenizers. Spans are ascending, disjoint and not empty; what no span covers has
/// been removed. The text is valid UTF-8 and spans begin and end between characters.
struct Pieces {
  std::string text;
  std::vector<Span> spans;
  bool begins_text = false;  ///< the first piece stands at the very beginning of what is encoded

  /// One piece: the whole text. (An empty text has none.)
  void assign(std::string_view whole, bool at_beginning = false);
  /// What the pieces are divided into further.
  void replace_spans(std::vector<Span> divided);
  std::string_view view(Span span) const { return std::string_view(text).substr(span.begin, span.end - span.begin); }
};

/// Throws Error(kInput) if a text of this many bytes is more than kMaxTextBytes.
void check_text_size(std::size_t bytes);

/// Throws Error(kInput) if a step made a text of `before` bytes more than 16 times as long (and 1 KiB): no tokenizer
/// needs that, and a file could ask for step after step. (NFKD at most multiplies by 11, byte-level by 2.)
void check_growth(std::size_t before, std::size_t after);

}  // namespace kerf::text
