// Tokens whose words end in a suffix ("</w>"): it becomes a space, but for the last token.

#include <memory>
#include <string>
#include <vector>

#include "text/decoder.h"
#include "text/word_cleanup.h"

namespace kerf::text {
namespace {

class Bpe : public Decoder {
 public:
  explicit Bpe(const JsonCursor& json) : suffix_(json.at("suffix").as_string()) {
    expect_keys(json, {"suffix"});
    if (suffix_.empty()) json.at("suffix").fail("found an empty suffix, expected what words end in");
  }

  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) token = replace_all(token, suffix_, &token == &tokens.back() ? "" : " ");
  }

 private:
  std::string suffix_;
};

std::unique_ptr<Decoder> make(const JsonCursor& json) { return std::make_unique<Bpe>(json); }

}  // namespace

const DecoderInfo& bpe_decoder() {
  static const DecoderInfo info{"BPEDecoder", "a suffix of words becomes a space", make};
  return info;
}

}  // namespace kerf::text
