// Puts a string before every text that is not empty.

#include <memory>
#include <string>

#include "text/normalizer.h"
#include "text/pieces.h"

namespace kerf::text {
namespace {

class Prepend : public Normalizer {
 public:
  explicit Prepend(const JsonCursor& json) : prefix_(json.at("prepend").as_string()) { expect_keys(json, {"prepend"}); }

  void normalize(std::string& text) const override {
    if (text.empty()) return;
    check_text_size(text.size() + prefix_.size());
    text.insert(0, prefix_);
  }

 private:
  std::string prefix_;
};

std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<Prepend>(json); }

}  // namespace

const NormalizerInfo& prepend_normalizer() {
  static const NormalizerInfo info{"Prepend", "puts a string before the text", make};
  return info;
}

}  // namespace kerf::text
