// Takes away all combining marks (those of decomposed characters: NFD or NFKD goes before).

#include <memory>
#include <string>
#include <utility>

#include "text/library_categories.h"
#include "text/normalizer.h"
#include "text/unicode.h"

namespace kerf::text {
namespace {

class StripAccents : public Normalizer {
 public:
  explicit StripAccents(const JsonCursor& json) { expect_keys(json, {}); }

  void normalize(std::string& text) const override {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
      const CodePoint c = code_point_at(text, at);
      if (!is_library_mark(c.value)) out.append(text, at, c.bytes);
      at += c.bytes;
    }
    text = std::move(out);
  }
};

std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<StripAccents>(json); }

}  // namespace

const NormalizerInfo& strip_accents_normalizer() {
  static const NormalizerInfo info{"StripAccents", "no combining marks", make};
  return info;
}

}  // namespace kerf::text
