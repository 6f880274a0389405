// BERT's normalization (Devlin et al. 2018, BasicTokenizer of its tokenization.py).

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "core/strings.h"
#include "text/library_categories.h"
#include "text/lower_case.h"
#include "text/normalizer.h"
#include "text/unicode.h"
#include "text/unicode_additions.h"
#include "text/unicode_form.h"

namespace kerf::text {
namespace {

/// Blocks of ideographs: each character becomes a word of its own.
constexpr std::array<CodePointRange, 7> kIdeographs = {{{0x3400, 0x4DBF},
                                                        {0x4E00, 0x9FFF},
                                                        {0xF900, 0xFAFF},
                                                        {0x20000, 0x2A6DF},
                                                        {0x2A700, 0x2B81F},
                                                        {0x2B920, 0x2CEAF},
                                                        {0x2F800, 0x2FA1F}}};

bool is_line_space(char32_t c) { return c == '\t' || c == '\n' || c == '\r'; }
bool is_cleaned_away(char32_t c) { return c == 0xFFFD || (!is_line_space(c) && is_library_control(c)); }

/// Copies a text, leaving to `write(code point, its bytes)` what is not printable ASCII.
template <typename Write>
std::string rewritten(std::string_view text, Write write) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = code_point_at(text, at);
    const std::string_view bytes = text.substr(at, c.bytes);
    at += c.bytes;
    if (c.value >= 0x20 && c.value < 0x7F) {
      out += bytes;
    } else {
      write(c.value, bytes, out);
    }
  }
  return out;
}

class Bert : public Normalizer {
 public:
  explicit Bert(const JsonCursor& json)
      : clean_text_(json.at("clean_text").as_bool()),
        separate_ideographs_(json.at("handle_chinese_chars").as_bool()),
        lowercase_(json.at("lowercase").as_bool()),
        strip_accents_(json.bool_or("strip_accents", lowercase_)) {
    expect_keys(json, {"clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  }

  void normalize(std::string& text) const override {
    if (clean_text_) text = cleaned(text);
    if (separate_ideographs_) text = separated(text);
    if (strip_accents_) text = without_accents(std::move(text));
    if (lowercase_) text = lower_case(text);
  }

 private:
  static std::string cleaned(std::string_view text) {
    return rewritten(text, [](char32_t c, std::string_view bytes, std::string& out) {
      if (is_cleaned_away(c)) return;
      out += is_white_space(c) ? std::string_view(" ") : bytes;
    });
  }

  static std::string separated(std::string_view text) {
    return rewritten(text, [](char32_t c, std::string_view bytes, std::string& out) {
      const std::string_view space = is_in(kIdeographs, c) ? " " : "";
      out.append(space).append(bytes).append(space);
    });
  }

  static std::string without_accents(std::string text) {
    normalize_unicode(text, UnicodeForm::kNfd);
    return rewritten(text, [](char32_t c, std::string_view bytes, std::string& out) {
      if (!is_library_nonspacing(c)) out += bytes;
    });
  }

  bool clean_text_, separate_ideographs_, lowercase_, strip_accents_;
};

std::unique_ptr<Normalizer> make(const JsonCursor& json) { return std::make_unique<Bert>(json); }

}  // namespace

const NormalizerInfo& bert_normalizer() {
  static const NormalizerInfo info{"BertNormalizer", "BERT's cleaning, ideographs apart, no accents, lower case", make};
  return info;
}

}  // namespace kerf::text
