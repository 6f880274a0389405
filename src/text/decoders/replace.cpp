// Replaces the matches of a pattern in every token.

#include <memory>
#include <string>
#include <vector>

#include "text/decoder.h"
#include "text/pattern_replace.h"

namespace kerf::text {
namespace {

class Replace : public Decoder {
 public:
  explicit Replace(const JsonCursor& json) : replace_(json) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (auto& token : tokens) token = replace_.apply(token);
  }

 private:
  PatternReplace replace_;
};

std::unique_ptr<Decoder> make(const JsonCursor& json) { return std::make_unique<Replace>(json); }

}  // namespace

const DecoderInfo& replace_decoder() {
  static const DecoderInfo info{"Replace", "replaces matches of a string or a regular expression", make};
  return info;
}

}  // namespace kerf::text
