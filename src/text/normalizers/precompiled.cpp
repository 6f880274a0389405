// SentencePiece's normalization, compiled into a map of strings, as Hugging Face's library applies it: each grapheme
// cluster of less than six bytes as a whole, each character of a longer one by itself.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base64.h"
#include "text/character_map.h"
#include "text/grapheme.h"
#include "text/normalizer.h"
#include "text/pieces.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

constexpr std::size_t kLongCluster = 6;

std::string charsmap_bytes(const JsonCursor& text) {
  const auto bytes = decode_base64(text.as_string());
  if (!bytes) text.fail("found a string that is not base64");
  return *bytes;
}

class Precompiled : public Normalizer {
 public:
  explicit Precompiled(const JsonCursor& json)
      : map_(charsmap_bytes(json.at("precompiled_charsmap")), json.at("precompiled_charsmap")) {
    expect_keys(json, {"precompiled_charsmap"});
    for (std::size_t byte = 0; byte < ascii_.size(); ++byte) {
      const auto c = static_cast<char>(byte);
      ascii_[byte] = map_.find(std::string_view(&c, 1));
    }
  }

  void normalize(std::string& text) const override {
    const std::string_view all = text;
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (std::size_t at = 0; at < all.size();) {
      if (stands_alone(all, at)) {
        append(all.substr(at, 1), ascii_[static_cast<unsigned char>(all[at])], out);
        ++at;
      } else {
        const std::size_t bytes = grapheme_bytes(all, at);
        append_cluster(all.substr(at, bytes), out);
        at += bytes;
      }
      check_growth(text.size(), out.size());
    }
    text = std::move(out);
  }

 private:
  /// Is the character a cluster for sure? ASCII before ASCII is, unless it is a line end of two characters.
  static bool stands_alone(std::string_view text, std::size_t at) {
    const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    return is_ascii(text[at]) && text[at] != '\r' && (at + 1 == text.size() || is_ascii(text[at + 1]));
  }

  static void append(std::string_view original, std::optional<std::string_view> replacement, std::string& out) {
    out += replacement ? *replacement : original;
  }

  void append_cluster(std::string_view cluster, std::string& out) const {
    if (cluster.size() < kLongCluster) {
      if (const auto replacement = map_.find(cluster)) {
        out += *replacement;
        return;
      }
    }
    for (std::size_t at = 0; at < cluster.size();) {
      const std::string_view character = cluster.substr(at, code_point_at(cluster, at).bytes);
      append(character, map_.find(character), out);
      at += character.size();
    }
  }

  CharacterMap map_;
  std::array<std::optional<std::string_view>, 128> ascii_;  ///< what the map has for these
};

std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<Precompiled>(json); }

}  // namespace

const NormalizerInfo& precompiled_normalizer() {
  static const NormalizerInfo info{"Precompiled", "SentencePiece's compiled normalization", make};
  return info;
}

}  // namespace kerf::text
