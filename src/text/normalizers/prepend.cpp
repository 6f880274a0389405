// Puts a string before every text that is not empty.

#include <memory>
#include <string>

#include <fmt/format.h>

#include "text/normalizer.h"

namespace kerf::text {
namespace {

/// It is put before every stretch of text between two added tokens.
constexpr std::size_t kMaxPrefixBytes = 64;

class Prepend : public Normalizer {
 public:
  explicit Prepend(const JsonCursor& json) : prefix_(json.at("prepend").as_string()) {
    expect_keys(json, {"prepend"});
    if (prefix_.size() > kMaxPrefixBytes) {
      json.at("prepend").fail(
          fmt::format("found a string of {} bytes, expected at most {}", prefix_.size(), kMaxPrefixBytes));
    }
  }

  void normalize(std::string& text) const override {
    if (text.empty()) return;
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
