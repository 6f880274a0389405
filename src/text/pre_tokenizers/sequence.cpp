// Pre-tokenizers one after another.

#include <memory>
#include <vector>

#include "text/pre_tokenizer.h"

namespace kerf::text {
namespace {

class Sequence : public PreTokenizer {
 public:
  explicit Sequence(const JsonCursor& json) {
    expect_keys(json, {"pretokenizers"});
    const JsonCursor steps = json.at("pretokenizers");
    for (std::size_t i = 0; i < steps.as_array().size(); ++i) steps_.push_back(make_pre_tokenizer(steps.at(i)));
  }

  void split(Pieces& pieces) const override {
    const std::size_t before = pieces.text.size();
    for (const auto& step : steps_) {
      step->split(pieces);
      check_growth(before, pieces.text.size());
    }
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> steps_;
};

std::unique_ptr<PreTokenizer> make(const JsonCursor& json) { return std::make_unique<Sequence>(json); }

}  // namespace

const PreTokenizerInfo& sequence_pre_tokenizer() {
  static const PreTokenizerInfo info{"Sequence", "pre-tokenizers one after another", make};
  return info;
}

}  // namespace kerf::text
