// Connectionist temporal classification (Graves et al. 2006): of equal tokens in a row one remains, padding none.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/decoder.h"
#include "text/word_cleanup.h"

namespace kerf::text {
namespace {

class Ctc : public Decoder {
 public:
  explicit Ctc(const JsonCursor& json)
      : pad_(json.at("pad_token").as_string()),
        delimiter_(json.at("word_delimiter_token").as_string()),
        cleanup_(json.at("cleanup").as_bool()) {
    expect_keys(json, {"pad_token", "word_delimiter_token", "cleanup"});
    for (const char* key : {"pad_token", "word_delimiter_token"}) {
      if (json.at(key).as_string().empty()) json.at(key).fail("found an empty token, expected at least one character");
    }
  }

  void decode(std::vector<std::string>& tokens) const override {
    tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
    for (std::string& token : tokens) {
      token = replace_all(token, pad_, "");
      if (cleanup_) token = replace_all(clean_up_words(std::move(token)), delimiter_, " ");
    }
    std::erase(tokens, "");
  }

 private:
  std::string pad_, delimiter_;
  bool cleanup_;
};

std::unique_ptr<Decoder> make(const JsonCursor& json) { return std::make_unique<Ctc>(json); }

}  // namespace

const DecoderInfo& ctc_decoder() {
  static const DecoderInfo info{"CTC", "without repeated tokens and padding", make};
  return info;
}

}  // namespace kerf::text
