// Decoders one after another.

#include <memory>
#include <string>
#include <vector>

#include "text/decoder.h"
#include "text/pieces.h"

namespace kerf::text {
namespace {

std::size_t total_bytes(const std::vector<std::string>& tokens) {
  std::size_t bytes = 0;
  for (const auto& token : tokens) bytes += token.size();
  return bytes;
}

class Sequence : public Decoder {
 public:
  explicit Sequence(const JsonCursor& json) {
    expect_keys(json, {"decoders"});
    const JsonCursor steps = json.at("decoders");
    for (std::size_t i = 0; i < steps.as_array().size(); ++i) steps_.push_back(make_decoder(steps.at(i)));
  }

  void decode(std::vector<std::string>& tokens) const override {
    const std::size_t before = total_bytes(tokens);
    for (const auto& step : steps_) {
      step->decode(tokens);
      check_growth(before, total_bytes(tokens));
    }
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
