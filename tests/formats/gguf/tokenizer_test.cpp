#include "formats/gguf/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/gguf/token_types.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A tokenizer of four tokens: two letters, their merge and a special one.
struct Source {
  Json json = Json::parse(R"({
    "added_tokens": [{"id": 3, "content": "<end>", "special": true}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
    "post_processor": null,
    "model": {"type": "BPE", "dropout": null, "unk_token": null, "vocab": {"a": 0, "b": 1, "ab": 2, "<end>": 3},
              "merges": ["a b"]}})",
                          "");
  Json config = Json::parse(R"({"eos_token": "<end>"})", "");
  description::Model model;
  std::int64_t vocab_size = 4;
  std::vector<std::string> notes;

  Metadata write() {
    Metadata metadata;
    write_tokenizer({json, config, "tokenizer.json"}, model, vocab_size, metadata, notes);
    return metadata;
  }
  void expect_refused(ErrorCode code, std::string_view message) {
    expect_error(code, message, [&] { write(); });
  }
  Source& set(std::string_view part, const std::string& value) {
    json.set(std::string(part), Json::parse(value, ""));
    return *this;
  }
  Source& set_model(std::string_view key, const std::string& value) {
    json.as_object().find("model")->set(std::string(key), Json::parse(value, ""));
    return *this;
  }
};

const std::vector<std::string>& texts(const Metadata& metadata, std::string_view key) {
  return std::get<std::vector<std::string>>(std::get<Array>(*metadata.find(key)).items);
}

const std::vector<std::int32_t>& types(const Metadata& metadata) {
  return std::get<std::vector<std::int32_t>>(std::get<Array>(*metadata.find(kTokenTypesKey)).items);
}

description::Tokenizer read(const Metadata& metadata, std::vector<std::string>& notes) {
  return read_tokenizer(MetadataReader(metadata, "model.gguf"), notes);
}

TEST(GgufTokenizer, WritesTokensTypesMergesAndIds) {
  const Metadata metadata = Source().write();
  EXPECT_EQ(*metadata.find("tokenizer.ggml.model"), Value(std::string("gpt2")));
  EXPECT_EQ(*metadata.find("tokenizer.ggml.pre"), Value(std::string("gpt-2")));
  EXPECT_THAT(texts(metadata, kTokensKey), ElementsAre("a", "b", "ab", "<end>"));
  EXPECT_THAT(types(metadata), ElementsAre(1, 1, 1, 3));
  EXPECT_THAT(texts(metadata, kMergesKey), ElementsAre("a b"));
  EXPECT_EQ(*metadata.find("tokenizer.ggml.eos_token_id"), Value(std::uint32_t{3}));
  EXPECT_EQ(metadata.find("tokenizer.ggml.bos_token_id"), nullptr);
  EXPECT_EQ(*metadata.find("tokenizer.ggml.add_bos_token"), Value(false));
}

TEST(GgufTokenizer, PadsToTheVocabulary) {
  Source source;
  source.vocab_size = 7;
  const Metadata metadata = source.write();
  EXPECT_THAT(texts(metadata, kTokensKey), ElementsAre("a", "b", "ab", "<end>", "[PAD4]", "[PAD5]", "[PAD6]"));
  EXPECT_THAT(types(metadata), ElementsAre(1, 1, 1, 3, 5, 5, 5));
  EXPECT_THAT(source.notes, ElementsAre(HasSubstr("3 of 7 ids have no token")));
}

TEST(GgufTokenizer, RefusesMoreTokensThanEmbeddings) {
  Source source;
  source.vocab_size = 3;
  source.expect_refused(ErrorCode::kInput, "token '<end>': found id 3, but the model's embeddings have only 3 rows");
}

TEST(GgufTokenizer, AddedTokensThatAreNotSpecialAreUserDefined) {
  Source source;
  source.vocab_size = 5;
  const Metadata metadata = source.set("added_tokens", R"([{"id": 4, "content": "<x>", "special": false}])").write();
  EXPECT_THAT(texts(metadata, kTokensKey), ElementsAre("a", "b", "ab", "<end>", "<x>"));
  EXPECT_THAT(types(metadata), ElementsAre(1, 1, 1, 1, 4));
}

TEST(GgufTokenizer, TakesMergesAsPairs) {
  EXPECT_THAT(texts(Source().set_model("merges", R"([["a", "b"]])").write(), kMergesKey), ElementsAre("a b"));
  Source().set_model("merges", R"([["a", "b", "c"]])").expect_refused(ErrorCode::kInput, "merges");
  Source().set_model("merges", R"([["a ", "b"]])").expect_refused(ErrorCode::kUsage, "found a space in a merge");
  Source().set_model("merges", R"([3])").expect_refused(ErrorCode::kInput, "merges");
}

TEST(GgufTokenizer, ATemplateAddsBosAndEos) {
  Source source;
  source.set("post_processor",
             R"({"type": "Sequence", "processors": [{"type": "ByteLevel"}, {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<end>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"<end>": {"id": "<end>", "ids": [3], "tokens": ["<end>"]}}}]})");
  const Metadata metadata = source.write();
  EXPECT_EQ(*metadata.find("tokenizer.ggml.bos_token_id"), Value(std::uint32_t{3}));
  EXPECT_EQ(*metadata.find("tokenizer.ggml.add_bos_token"), Value(true));
  EXPECT_EQ(*metadata.find("tokenizer.ggml.add_eos_token"), Value(false));
}

TEST(GgufTokenizer, IdsOfConfigJsonAreTheFallback) {
  Source source;
  source.config = Json();
  source.model.bos_id = 1;
  source.model.eos_id = 2;
  source.model.pad_id = 0;
  const Metadata metadata = source.write();
  EXPECT_EQ(*metadata.find("tokenizer.ggml.bos_token_id"), Value(std::uint32_t{1}));
  EXPECT_EQ(*metadata.find("tokenizer.ggml.eos_token_id"), Value(std::uint32_t{2}));
  EXPECT_EQ(*metadata.find("tokenizer.ggml.padding_token_id"), Value(std::uint32_t{0}));
  source.model.pad_id = 4;
  source.expect_refused(ErrorCode::kInput, "pad_token: found id 4, but there are only 4 tokens");
}

TEST(GgufTokenizer, WritesChatTemplates) {
  Source source;
  source.config.set("chat_template", "{{ messages }}");
  EXPECT_EQ(*source.write().find("tokenizer.chat_template"), Value(std::string("{{ messages }}")));
  source.config.set("chat_template",
                    Json::parse(R"([{"name": "default", "template": "d"}, {"name": "rag", "template": "r"}])", ""));
  const Metadata metadata = source.write();
  EXPECT_EQ(*metadata.find("tokenizer.chat_template"), Value(std::string("d")));
  EXPECT_EQ(*metadata.find("tokenizer.chat_template.rag"), Value(std::string("r")));
  EXPECT_THAT(texts(metadata, kChatTemplatesKey), ElementsAre("rag"));
}

TEST(GgufTokenizer, RefusesWhatLlamaCppTokenizesDifferently) {
  constexpr auto kUsage = ErrorCode::kUsage;
  Source().set_model("type", R"("WordLevel")").expect_refused(kUsage, "found a tokenizer model of type 'WordLevel'");
  Source().set_model("type", R"("Unigram")").expect_refused(kUsage, "rules for a Unigram model that are not");
  Source().set_model("byte_fallback", "true").expect_refused(kUsage, "rules for spaces that are not SentencePiece's");
  Source().set_model("unk_token", R"("<unk>")").expect_refused(kUsage, "found a value for unk_token");
  Source().set_model("end_of_word_suffix", R"("</w>")").expect_refused(kUsage, "end_of_word_suffix");
  Source().set_model("dropout", "0.5").expect_refused(kUsage, "dropout");
  Source().set_model("ignore_merges", "true").expect_refused(kUsage, "none of llama.cpp's known ones");
  Source().set("normalizer", R"({"type": "Lowercase"})").expect_refused(kUsage, "normalizer of type 'Lowercase'");
  Source().set("pre_tokenizer", R"({"type": "Whitespace"})").expect_refused(kUsage, "none of llama.cpp's known ones");
  const std::string two = R"({"SpecialToken": {"id": "<end>"}}, {"SpecialToken": {"id": "<end>"}})";
  Source()
      .set("post_processor", R"({"type": "TemplateProcessing", "single": [)" + two + R"(, {"Sequence": {"id": "A"}}],
           "special_tokens": {"<end>": {"ids": [3]}}})")
      .expect_refused(kUsage, "more than one token on one side");
}

TEST(GgufTokenizer, RefusesContradictions) {
  constexpr auto kInput = ErrorCode::kInput;
  Source().set_model("vocab", R"({"a": 0, "b": 0})").expect_refused(kInput, "token 'b'");
  Source().set_model("vocab", R"({"a": -1})").expect_refused(kInput, "found id -1");
  Source().set_model("vocab", R"({"a": "0"})").expect_refused(kInput, "found a string as the id of 'a'");
  Source().set("added_tokens", R"([{"id": 0, "content": "other"}])").expect_refused(kInput, "token 'other'");
  Source().set("added_tokens", R"([{"id": 0, "content": "b"}])").expect_refused(kInput, "token 'b'");
  Source named;
  named.vocab_size = 6;
  named.set_model("vocab", R"({"a": 0, "[PAD5]": 1})").expect_refused(kInput, "found the name that padding needs");
}

TEST(GgufTokenizer, NotesNormalizationToComposedForms) {
  Source source;
  source.set("normalizer", R"({"type": "NFC"})").write();
  EXPECT_THAT(source.notes, ElementsAre(HasSubstr("NFC")));
}

TEST(GgufTokenizer, ReadsWhatItWrote) {
  Source source;
  source.vocab_size = 6;
  source.model.bos_id = 0;
  source.config.set("chat_template", "{{ messages }}");
  source.set("post_processor", R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}},
    {"SpecialToken": {"id": "<end>", "type_id": 0}}], "special_tokens": {"<end>": {"id": "<end>", "ids": [3]}}})");
  const Metadata once = source.write();
  const description::Tokenizer tokenizer = read(once, source.notes);
  EXPECT_EQ(tokenizer.tokenizer_json.find("model")->find("vocab")->dump(), R"({"a": 0, "b": 1, "ab": 2, "<end>": 3})");
  EXPECT_EQ(tokenizer.tokenizer_json.find("model")->find("merges")->dump(), R"([["a", "b"]])");
  EXPECT_EQ(tokenizer.tokenizer_config.find("chat_template")->as_string(), "{{ messages }}");
  Metadata twice;
  write_tokenizer(tokenizer, source.model, 6, twice, source.notes);
  ASSERT_EQ(once.size(), twice.size());
  for (const auto& [key, value] : once) EXPECT_EQ(*twice.find(key), value) << key;
}

TEST(GgufTokenizer, LeavesOutWhatItCannotRead) {
  std::vector<std::string> notes;
  Metadata metadata = Source().write();
  metadata.set(std::string(kPreTokenizerKey), std::string("tekken"));
  EXPECT_TRUE(read(metadata, notes).tokenizer_json.is_null());
  metadata.set(std::string(kTokenizerModelKey), std::string("rwkv"));
  EXPECT_TRUE(read(metadata, notes).tokenizer_json.is_null());
  EXPECT_THAT(notes, ElementsAre(HasSubstr("'tekken'"), HasSubstr("'rwkv'")));
  metadata.set(std::string(kTokenizerModelKey), std::string("none"));
  EXPECT_TRUE(read(metadata, notes).tokenizer_json.is_null());
  EXPECT_EQ(notes.size(), 2U);
}

TEST(GgufTokenizer, RefusesMalformedMetadata) {
  const auto expect_refused = [](std::string_view key, const Value& value, std::string_view message) {
    Metadata metadata = Source().write();
    metadata.set(std::string(key), value);
    std::vector<std::string> notes;
    expect_error(ErrorCode::kInput, message, [&] { read(metadata, notes); });
  };
  using Texts = std::vector<std::string>;
  using Numbers = std::vector<std::int32_t>;
  expect_refused(kTokensKey, Array{Texts{"a", "b", "a", "d"}}, "found token 'a' twice");
  expect_refused(kTokensKey, Array{Texts{"a", "\xFF", "c", "d"}}, "expected valid UTF-8");
  expect_refused(kTokensKey, Array{Numbers{1, 2}}, "found a value of type array of i32, expected array of string");
  expect_refused(kTokensKey, std::string("a"), "expected array of string");
  expect_refused(kTokenTypesKey, Array{Numbers{1, 1, 1}}, "found 3 types, expected 4");
  expect_refused(kTokenTypesKey, Array{Numbers{1, 1, 1, 0}}, "found type 0 of token 3");
  expect_refused(kTokenTypesKey, Array{Numbers{7, 1, 1, 1}}, "found type 7 of token 0");
  expect_refused(kMergesKey, Array{Texts{"ab"}}, "expected two tokens with a space between");
  expect_refused(kMergesKey, Array{Texts{"a "}}, "expected two tokens with a space between");
  expect_refused(kMergesKey, Array{Texts{""}}, "expected two tokens with a space between");
  expect_refused("tokenizer.ggml.eos_token_id", std::uint32_t{4}, "found 4, expected the id of one of 4 tokens");
  expect_refused("tokenizer.ggml.eos_token_id", std::int32_t{-1}, "found -1");
  expect_refused("tokenizer.ggml.eos_token_id", std::string("x"), "expected an integer");
  expect_refused(kAddBosKey, true, "found no key 'tokenizer.ggml.bos_token_id'");
  expect_refused(kAddBosKey, std::uint32_t{1}, "expected bool");
  expect_refused(kTokenizerModelKey, std::uint32_t{1}, "expected string");
  Metadata without;
  without.set(std::string(kTokenizerModelKey), std::string("gpt2"));
  without.set(std::string(kPreTokenizerKey), std::string("gpt-2"));
  std::vector<std::string> notes;
  expect_error(ErrorCode::kInput, "key 'tokenizer.ggml.tokens': found no such key", [&] { read(without, notes); });
}

}  // namespace
}  // namespace kerf::formats::gguf
