// Takes up to `start` and `stop` copies of a character from the two ends of every token.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/strings.h"
#include "text/decoder.h"
#include "text/one_character.h"

namespace kerf::text {
namespace {

class Strip : public Decoder {
 public:
  explicit Strip(const JsonCursor& json)
      : content_(one_character(json.at("content"))),
        start_(json.at("start").as_uint64()),
        stop_(json.at("stop").as_uint64()) {
    expect_keys(json, {"content", "start", "stop"});
  }

  void decode(std::vector<std::string>& tokens) const override {
    for (auto& token : tokens) {
      std::string_view rest = token;
      for (std::uint64_t i = 0; i < start_ && starts_with(rest, content_); ++i) rest.remove_prefix(content_.size());
      for (std::uint64_t i = 0; i < stop_ && ends_with(rest, content_); ++i) rest.remove_suffix(content_.size());
      token = std::string(rest);
    }
  }

 private:
  std::string content_;
  std::uint64_t start_, stop_;
};

std::unique_ptr<Decoder> make(const JsonCursor& json) { return std::make_unique<Strip>(json); }

}  // namespace

const DecoderInfo& strip_decoder() {
  static const DecoderInfo info{"Strip", "takes a character from the ends of tokens", make};
  return info;
}

}  // namespace kerf::text
