// Takes white space from the ends of a text.

#include <memory>
#include <string>

#include "text/normalizer.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

class Strip : public Normalizer {
 public:
  explicit Strip(const JsonCursor& json)
      : left_(json.at("strip_left").as_bool()), right_(json.at("strip_right").as_bool()) {
    expect_keys(json, {"strip_left", "strip_right"});
  }

  void normalize(std::string& text) const override {
    if (right_) text.resize(text.size() - white_space_at_end(text));
    if (left_) text.erase(0, white_space_at_begin(text));
  }

 private:
  bool left_, right_;
};

std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<Strip>(json); }

}  // namespace

const NormalizerInfo& strip_normalizer() {
  static const NormalizerInfo info{"Strip", "no white space at the ends", make};
  return info;
}

}  // namespace kerf::text
