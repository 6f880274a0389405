#include "formats/gguf/word_piece.h"

#include <utility>

#include "core/strings.h"
#include "description/tokenizer_json.h"

namespace kerf::formats::gguf {
namespace {

constexpr std::string_view kStart = "\u2581", kContinues = "##";

/// llama.cpp, src/llama-vocab.cpp, llm_tokenizer_wpm_session::preprocess.
void check_rules(const JsonCursor& json) {
  const auto normalizer = json.get("normalizer"), pre = json.get("pre_tokenizer");
  if (!normalizer || kind_of(*normalizer) != "BertNormalizer" || !pre || kind_of(*pre) != "BertPreTokenizer") {
    refuse_tokenizer(json, "found a WordPiece tokenizer that does not prepare text as BERT's");
  }
  const bool lower = normalizer->bool_or("lowercase", true);
  if (!lower || !normalizer->bool_or("strip_accents", lower)) {
    refuse_tokenizer(*normalizer, "found a tokenizer that keeps capitals or accents");
  }
  if (!normalizer->bool_or("clean_text", true) || !normalizer->bool_or("handle_chinese_chars", true)) {
    refuse_tokenizer(*normalizer, "found clean_text or handle_chinese_chars false");
  }
  const JsonCursor model = json.at("model");
  if (model.string_or("continuing_subword_prefix", "##") != kContinues) {
    refuse_tokenizer(model, "found a continuing_subword_prefix other than '##'");
  }
}

}  // namespace

bool collect_word_piece(const JsonCursor& json, Vocabulary& vocabulary) {
  const JsonCursor model = json.at("model");
  if (kind_of(model) != "WordPiece") return false;
  check_rules(json);
  // First, since these have no marks.
  vocabulary.add_all(json);
  const std::string unknown = model.string_or("unk_token", "[UNK]");
  const JsonCursor words = model.at("vocab");
  for (const auto& [token, id] : words.as_object()) {
    if (!id.is_integer()) words.fail("found an id that is no integer");
    const auto added = vocabulary.id(token);
    if (added && *added == id.as_int64()) continue;
    if (token == unknown) {
      vocabulary.add(token, id.as_int64(), TokenType::kControl);
    } else {
      const bool continues = starts_with(token, kContinues);
      vocabulary.add(continues ? token.substr(kContinues.size()) : std::string(kStart) + token, id.as_int64(),
                     TokenType::kNormal);
    }
  }
  return true;
}

WordPieceParts read_word_piece(const std::vector<std::string>& texts, const std::vector<TokenType>& types,
                               const std::string& unknown) {
  Json vocab = Json::object();
  for (std::size_t id = 0; id < texts.size(); ++id) {
    if (types[id] == TokenType::kUnused) continue;
    const bool starts = starts_with(texts[id], kStart), plain = types[id] != TokenType::kNormal;
    vocab.set(plain    ? texts[id]
              : starts ? texts[id].substr(kStart.size())
                       : std::string(kContinues) + texts[id],
              static_cast<std::int64_t>(id));
  }
  return {.normalizer = description::typed(
              "BertNormalizer",
              {{"clean_text", true}, {"handle_chinese_chars", true}, {"strip_accents", Json()}, {"lowercase", true}}),
          .pre_tokenizer = description::typed("BertPreTokenizer"),
          .decoder = description::typed("WordPiece", {{"prefix", kContinues}, {"cleanup", true}}),
          .model = description::typed("WordPiece", {{"unk_token", unknown},
                                                    {"continuing_subword_prefix", kContinues},
                                                    {"max_input_chars_per_word", 100},
                                                    {"vocab", std::move(vocab)}})};
}

}  // namespace kerf::formats::gguf
