// Lower case.

#include <memory>
#include <string>

#include "text/lower_case.h"
#include "text/normalizer.h"

namespace kerf::text {
namespace {

class Lowercase : public Normalizer {
 public:
  explicit Lowercase(const JsonCursor& json) { expect_keys(json, {}); }
  void normalize(std::string& text) const override { text = lower_case(text); }
};

std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<Lowercase>(json); }

}  // namespace

const NormalizerInfo& lowercase_normalizer() {
  static const NormalizerInfo info{"Lowercase", "lower case", make};
  return info;
}

}  // namespace kerf::text
