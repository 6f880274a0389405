// Pieces of a fixed number of characters.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "text/pre_tokenizer.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

class FixedLength : public PreTokenizer {
 public:
  explicit FixedLength(const JsonCursor& json) : length_(json.has("length") ? json.at("length").as_uint64() : 5) {
    expect_keys(json, {"length"});
    if (length_ == 0) json.at("length").fail("found 0, expected at least one character");
  }

  void split(Pieces& pieces) const override {
    std::vector<Span> spans;
    for (const Span piece : pieces.spans) {
      std::uint32_t begin = piece.begin;
      std::uint64_t characters = 0;
      for (std::uint32_t at = piece.begin; at < piece.end;) {
        if (characters == length_) {
          spans.push_back({begin, at});
          begin = at;
          characters = 0;
        }
        at += static_cast<std::uint32_t>(code_point_at(pieces.text, at).bytes);
        ++characters;
      }
      spans.push_back({begin, piece.end});
    }
    pieces.replace_spans(std::move(spans));
  }

 private:
  std::uint64_t length_;
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<FixedLength>(json); }

}  // namespace

const PreTokenizerInfo& fixed_length_pre_tokenizer() {
  static const PreTokenizerInfo info{"FixedLength", "pieces of a number of characters", make};
  return info;
}

}  // namespace kerf::text
