#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "text/normalizer.h"

namespace kerf::text {

/// The normalization forms of Unicode (UAX 15).
enum class UnicodeForm : std::uint8_t { kNfc, kNfd, kNfkc, kNfkd };

/// Brings valid UTF-8 into a form, as Hugging Face's tokenizers do: their tables are those of Unicode 9, so what later
/// versions made decomposable or combining stays as it is and separates its neighbours. Models were trained on that.
void normalize_unicode(std::string& text, UnicodeForm form);

/// The normalizer of a form; its JSON has no options.
template <UnicodeForm form>
class UnicodeNormalizer : public Normalizer {
 public:
  explicit UnicodeNormalizer(const JsonCursor& json) { expect_keys(json, {}); }
  void normalize(std::string& text) const override { normalize_unicode(text, form); }
  static std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<UnicodeNormalizer>(json); }
};

}  // namespace kerf::text
