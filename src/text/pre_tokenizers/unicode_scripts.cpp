// Splits where the script changes; what belongs to no script (spaces too) goes with the text before it.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "text/pre_tokenizer.h"
#include "text/script_table.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

constexpr std::uint8_t kAnyScript = 0;

std::uint8_t script_of(char32_t c) {
  const auto after = std::upper_bound(kScripts.begin(), kScripts.end(), c,
                                      [](char32_t value, const ScriptRange& range) { return value < range.first; });
  return after != kScripts.begin() && c <= (after - 1)->last ? (after - 1)->script : kAnyScript;
}

class UnicodeScripts : public PreTokenizer {
 public:
  explicit UnicodeScripts(const JsonCursor& json) { expect_keys(json, {}); }

  void split(Pieces& pieces) const override {
    std::vector<Span> spans;
    for (const Span piece : pieces.spans) {
      const std::size_t first = spans.size();
      std::uint8_t last = kAnyScript;
      for (std::uint32_t at = piece.begin; at < piece.end;) {
        const CodePoint c = code_point_at(pieces.text, at);
        const std::uint8_t script = script_of(c.value);
        if (script != kAnyScript && script != last) {
          // What comes before the first script is lost, as in the reference implementation.
          if (spans.size() > first) spans.back().end = at;
          spans.push_back({at, piece.end});
          last = script;
        }
        at += static_cast<std::uint32_t>(c.bytes);
      }
    }
    pieces.replace_spans(std::move(spans));
  }
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<UnicodeScripts>(json); }

}  // namespace

const PreTokenizerInfo& unicode_scripts_pre_tokenizer() {
  static const PreTokenizerInfo info{"UnicodeScripts", "splits where the script changes", make};
  return info;
}

}  // namespace kerf::text
