// Splits at the matches of a string or a regular expression.

#include <memory>
#include <utility>
#include <vector>

#include "text/pattern_split.h"
#include "text/pre_tokenizer.h"
#include "text/regex.h"

namespace kerf::text {
namespace {

class Split : public PreTokenizer {
 public:
  explicit Split(const JsonCursor& json)
      : regex_(pattern_of(json.at("pattern")), json.at("pattern")),
        behavior_(split_behavior(json.at("behavior"))),
        invert_(json.at("invert").as_bool()) {
    expect_keys(json, {"pattern", "behavior", "invert"});
  }

  void split(Pieces& pieces) const override {
    std::vector<Span> spans;
    spans.reserve(pieces.text.size() / 8);
    std::vector<Part> parts;
    for (const Span piece : pieces.spans) {
      parts.clear();
      find_parts(pieces.view(piece), piece.begin, parts);
      append_pieces(parts, behavior_, spans);
    }
    pieces.replace_spans(std::move(spans));
  }

 private:
  void find_parts(std::string_view text, std::uint32_t offset, std::vector<Part>& parts) const {
    std::uint32_t previous = 0;
    const auto add = [&](std::uint32_t begin, std::uint32_t end, bool is_match) {
      parts.push_back({{offset + begin, offset + end}, is_match != invert_});
    };
    regex_.find_all(text, [&](Span match) {
      if (previous != match.begin) add(previous, match.begin, false);
      add(match.begin, match.end, true);
      previous = match.end;
    });
    if (previous != text.size()) add(previous, static_cast<std::uint32_t>(text.size()), false);
  }

  Regex regex_;
  SplitBehavior behavior_;
  bool invert_;
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<Split>(json); }

}  // namespace

const PreTokenizerInfo& split_pre_tokenizer() {
  static const PreTokenizerInfo info{"Split", "splits at matches of a string or a regular expression", make};
  return info;
}

}  // namespace kerf::text
