// All tokens as one string, for the steps that follow.

#include <memory>
#include <string>
#include <vector>

#include "core/strings.h"
#include "text/decoder.h"

namespace kerf::text {
namespace {

class Fuse : public Decoder {
 public:
  explicit Fuse(const JsonCursor& json) { expect_keys(json, {}); }
  void decode(std::vector<std::string>& tokens) const override { tokens = {join(tokens, "")}; }
};

std::unique_ptr<Decoder> make(const JsonCursor& json) { return std::make_unique<Fuse>(json); }

}  // namespace

const DecoderInfo& fuse_decoder() {
  static const DecoderInfo info{"Fuse", "joins all tokens into one string", make};
  return info;
}

}  // namespace kerf::text
