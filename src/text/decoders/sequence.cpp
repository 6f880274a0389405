// Decoders one after another.

#include <memory>
#include <string>
#include <vector>

#include "text/decoder.h"

namespace kerf::text {
namespace {

class Sequence : public Decoder {
 public:
  explicit Sequence(const JsonCursor& json) {
    expect_keys(json, {"decoders"});
    const JsonCursor steps = json.at("decoders");
    for (std::size_t i = 0; i < steps.as_array().size(); ++i) steps_.push_back(make_decoder(steps.at(i)));
  }

  void decode(std::vector<std::string>& tokens) const override {
    for (const auto& step : steps_) step->decode(tokens);
  }

 private:
  std::vector<std::unique_ptr<Decoder>> steps_;
};

std::unique_ptr<Decoder> make(const JsonCursor& json) { return std::make_unique<Sequence>(json); }

}  // namespace

const DecoderInfo& sequence_decoder() {
  static const DecoderInfo info{"Sequence", "decoders one after another", make};
  return info;
}

}  // namespace kerf::text
