// Normalizers one after another.

#include <memory>
#include <string>
#include <vector>

#include "text/normalizer.h"
#include "text/pieces.h"

namespace kerf::text {
namespace {

class Sequence : public Normalizer {
 public:
  explicit Sequence(const JsonCursor& json) {
    expect_keys(json, {"normalizers"});
    const JsonCursor steps = json.at("normalizers");
    for (std::size_t i = 0; i < steps.as_array().size(); ++i) steps_.push_back(make_normalizer(steps.at(i)));
  }

  void normalize(std::string& text) const override {
    const std::size_t before = text.size();
    for (const auto& step : steps_) {
      step->normalize(text);
      check_growth(before, text.size());
    }
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> steps_;
};

std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<Sequence>(json); }

}  // namespace

const NormalizerInfo& sequence_normalizer() {
  static const NormalizerInfo info{"Sequence", "normalizers one after another", make};
  return info;
}

}  // namespace kerf::text
