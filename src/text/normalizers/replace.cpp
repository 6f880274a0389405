// Replaces the matches of a pattern.

#include <memory>
#include <string>

#include "text/normalizer.h"
#include "text/pattern_replace.h"

namespace kerf::text {
namespace {

class Replace : public Normalizer {
 public:
  explicit Replace(const JsonCursor& json) : replace_(json) {}
  void normalize(std::string& text) const override { text = replace_.apply(text); }

 private:
  PatternReplace replace_;
};

std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<Replace>(json); }

}  // namespace

const NormalizerInfo& replace_normalizer() {
  static const NormalizerInfo info{"Replace", "replaces matches of a string or a regular expression", make};
  return info;
}

}  // namespace kerf::text
