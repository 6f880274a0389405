#include "emit/tokenizer_check.h"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::emit {
namespace {

constexpr const char* kTexts[] = {
    "The quick brown fox jumps over the lazy dog, doesn't it? I'LL SEE: 3.14159 * 1,000,000 = ...\n\n\tDone!",
    "Zw\u00f6lf Boxk\u00e4mpfer jagen Viktor quer \u00fcber den gro\u00dfen Sylter Deich; na\u00efve caf\u00e9 "
    "d\u00e9j\u00e0 vu",
    "\u0421\u044a\u0435\u0448\u044c \u0436\u0435 \u0435\u0449\u0451 \u044d\u0442\u0438\u0445 "
    "\u043c\u044f\u0433\u043a\u0438\u0445 "
    "\u0444\u0440\u0430\u043d\u0446\u0443\u0437\u0441\u043a\u0438\u0445 \u0431\u0443\u043b\u043e\u043a",
    "\u6211\u80fd\u541e\u4e0b\u73bb\u7483\u800c\u4e0d\u4f24\u8eab\u4f53\u3002\u79c1\u306f\u30ac\u30e9\u30b9\u3092\u98df"
    "\u3079\u3089\u308c\u307e\u3059",
    "def f(x):\n    return {'a': [x**2 for x in range(10)]}  # comment\r\n",
    "\U0001F600 \U0001F468\u200d\U0001F469\u200d\U0001F467 e\u0301 \u00a0 \u3000 a   b    c",
};
constexpr std::int64_t kTokensInText = 64;
constexpr std::int64_t kVocabularyTexts = 32;

/// Texts of tokens spread over the vocabulary.
std::vector<std::string> texts_for(const text::Tokenizer& tokenizer) {
  std::vector<std::string> texts(std::begin(kTexts), std::end(kTexts));
  const std::int64_t size = tokenizer.vocab_size();
  for (std::int64_t t = 0; t < kVocabularyTexts; ++t) {
    std::vector<std::int64_t> ids;
    for (std::int64_t i = 0; i < kTokensInText && size > 0; ++i) {
      ids.push_back((t * kTokensInText + i) * size / (kVocabularyTexts * kTokensInText));
    }
    std::string text = tokenizer.decode(ids, true);
    if (!find_invalid_utf8(text)) texts.push_back(std::move(text));
  }
  return texts;
}

std::string id_text(const std::optional<std::int64_t>& id) { return id ? std::to_string(*id) : "none"; }

void compare_ids(const char* what, const std::optional<std::int64_t>& original,
                 const std::optional<std::int64_t>& candidate, std::vector<Finding>& findings) {
  if (original == candidate) return;
  findings.push_back(
      {true, "tokenizer", "",
       fmt::format("{} is token {}, the original's is {}", what, id_text(candidate), id_text(original))});
}

void compare_vocabularies(const text::Tokenizer& original, const text::Tokenizer& candidate,
                          std::vector<Finding>& findings) {
  std::int64_t differences = 0, first = -1;
  for (std::int64_t id = 0; id < original.vocab_size(); ++id) {
    const auto token = original.token(id);
    if (!token || token == candidate.token(id)) continue;
    if (differences++ == 0) first = id;
  }
  if (differences == 0) return;
  findings.push_back(
      {true, "tokenizer", "",
       fmt::format("{} tokens differ from the original's, the first is {}: {}, the original's is {}", differences,
                   first, quoted(candidate.token(first).value_or("none")), quoted(*original.token(first)))});
}

}  // namespace

std::vector<Finding> compare_tokenizers(const text::Tokenizer& original, const text::Tokenizer& candidate,
                                        std::int64_t& texts) {
  std::vector<Finding> findings;
  compare_vocabularies(original, candidate, findings);
  compare_ids("BOS", original.bos_id(), candidate.bos_id(), findings);
  compare_ids("EOS", original.eos_id(), candidate.eos_id(), findings);
  if (original.adds_bos() != candidate.adds_bos()) {
    findings.push_back(
        {true, "tokenizer", "",
         fmt::format("texts {} with BOS, those of the original {}", candidate.adds_bos() ? "begin" : "do not begin",
                     original.adds_bos() ? "do" : "do not")});
  }
  texts = 0;
  for (const std::string& text : texts_for(original)) {
    ++texts;
    if (original.encode(text, true) == candidate.encode(text, true)) continue;
    findings.push_back(
        {true, "tokenizer", "", fmt::format("the text {} gets other ids than in the original", quoted(text))});
    break;
  }
  return findings;
}

}  // namespace kerf::emit
