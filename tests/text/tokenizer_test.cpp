#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/threads.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using Ids = std::vector<std::int64_t>;
using test::tokenizer_of;
using test::with_model;

const std::string kExample = test::source_dir() + "/examples/tiny-llama/";

std::shared_ptr<const Tokenizer> example() {
  const auto read = [](const std::string& name) { return Json::parse(read_file(kExample + name, 1 << 24), name); };
  return Tokenizer::make({read("tokenizer.json"), read("tokenizer_config.json"), "tokenizer.json"});
}

const std::string kModel = R"({"type": "BPE", "vocab": {"a": 0, "b": 1, "<s>": 2, "</s>": 3}, "merges": []})";
const std::string kAdded = R"("added_tokens": [
  {"id": 2, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
  {"id": 4, "content": "[X]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false}],)";
const std::string kTemplate = R"("post_processor": {"type": "TemplateProcessing",
  "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
  "special_tokens": {"<s>": {"id": "<s>", "ids": [2], "tokens": ["<s>"]}}},)";

// Ids by Hugging Face's tokenizers 0.23.2 (npm) with the same tokenizer.json.
TEST(Tokenizer, ExampleModel) {
  const auto tokenizer = example();
  const std::vector<std::pair<std::string, Ids>> goldens = {
      {"Hello, world!", {40, 909, 79, 12, 699, 1}},
      {"It's 2024 and we've  got\n\n\tspaces   ",
       {41, 84, 535, 874, 16, 18, 20, 284, 341, 1944, 221, 318, 329, 1747, 198, 1523, 450, 278, 1442, 221}},
      {"na\u00efve caf\u00e9 \u2014 \u65e5\u672c\u8a9e",
       {78, 65, 128, 108, 306, 585, 70, 128, 103, 221, 614, 221, 163, 246, 99, 163, 251, 106, 165, 104, 253}},
      {"a<|endoftext|> b", {65, 0, 273}},
      {"\U0001F469\u200d\U0001F4BB", {173, 254, 240, 103, 404, 236, 173, 254, 241, 120}}};
  for (const auto& [text, ids] : goldens) {
    EXPECT_EQ(tokenizer->encode(text, true), ids) << text;
    EXPECT_EQ(tokenizer->decode(ids, false), text);
  }
  EXPECT_EQ(tokenizer->vocab_size(), 2048);
  EXPECT_EQ(tokenizer->bos_id(), 0);
  EXPECT_EQ(tokenizer->eos_id(), 0);
  EXPECT_FALSE(tokenizer->adds_bos());
  EXPECT_EQ(tokenizer->token(0), "<|endoftext|>");
  EXPECT_EQ(tokenizer->id_of("!"), 1);
  EXPECT_TRUE(tokenizer->is_special(0));
  EXPECT_EQ(tokenizer->decode({0, 65}, true), "a");
  EXPECT_TRUE(tokenizer->notes().empty());
}

TEST(Tokenizer, ThreadsShareIt) {
  const auto tokenizer = example();
  const std::string text = read_file(kExample + "evaluation.txt", 1 << 20).substr(0, 20000);
  const Ids expected = tokenizer->encode(text, false);
  std::vector<Ids> found(16);
  parallel_for(16, [&](std::int64_t i) { found[static_cast<std::size_t>(i)] = tokenizer->encode(text, false); });
  for (const auto& ids : found) EXPECT_EQ(ids, expected);
}

TEST(Tokenizer, SpecialTokensAreAddedOnRequest) {
  const auto tokenizer = tokenizer_of(with_model(kModel, kAdded + kTemplate));
  EXPECT_EQ(tokenizer->encode("ab", true), (Ids{2, 0, 1}));
  EXPECT_EQ(tokenizer->encode("ab", false), (Ids{0, 1}));
  EXPECT_EQ(tokenizer->encode("a<s>[X]b", false), (Ids{0, 2, 4, 1}));
  EXPECT_EQ(tokenizer->encode("", true), Ids{2});
  EXPECT_EQ(tokenizer->vocab_size(), 5);
}

TEST(Tokenizer, DecodesWithoutADecoderByJoining) {
  const auto tokenizer = tokenizer_of(with_model(kModel, kAdded));
  EXPECT_EQ(tokenizer->decode({0, 2, 1, 4}, false), "a <s> b [X]");
  EXPECT_EQ(tokenizer->decode({0, 2, 1, 4}, true), "a b [X]");
  EXPECT_EQ(tokenizer->decode({0, 99, -1, 1}, false), "a b");
}

TEST(Tokenizer, CountsUnknownCharacters) {
  EXPECT_EQ(tokenizer_of(with_model(kModel))->encode_counted("a\u00e9b?", false).unknown, 2);
}

// The rules of llama.cpp's converter (gguf-py, SpecialVocab).
TEST(Tokenizer, WhetherItAddsBos) {
  const auto adds = [](const std::string& members, std::string_view config) {
    const auto tokenizer = tokenizer_of(with_model(kModel, members), config);
    if (tokenizer->adds_bos()) {
      EXPECT_EQ(tokenizer->bos_id(), 2);
    }
    return tokenizer->adds_bos();
  };
  EXPECT_FALSE(adds(kAdded, R"({"bos_token": "<s>"})"));
  EXPECT_TRUE(adds(kAdded, R"({"bos_token": "<s>", "add_bos_token": true})"));
  EXPECT_TRUE(adds(kAdded, R"({"bos_token": {"content": "<s>", "lstrip": false}, "add_bos_token": true})"));
  EXPECT_TRUE(adds(kAdded + kTemplate, R"({"bos_token": "<s>"})"));
  EXPECT_TRUE(adds(kAdded + kTemplate, "null"));
  EXPECT_TRUE(adds(kAdded + kTemplate, R"({"cls_token": "<s>"})"));
  EXPECT_FALSE(adds(kAdded + kTemplate, R"({"bos_token": "<s>", "add_bos_token": false})"));
  EXPECT_FALSE(adds(kAdded + kTemplate, R"({"bos_token": "</s>"})"));
  test::expect_error(ErrorCode::kInput,
                     "dir/tokenizer_config.json: add_bos_token: found true, but bos_token names no token",
                     [&] { adds(kAdded, R"({"add_bos_token": true})"); });
}

TEST(Tokenizer, NotesWhatItDoesNotApply) {
  const auto tokenizer = tokenizer_of(with_model(kModel, R"("truncation": {"max_length": 2}, "padding": null,)"),
                                      R"({"eos_token": "<nowhere>"})");
  ASSERT_EQ(tokenizer->notes().size(), 2u);
  EXPECT_NE(tokenizer->notes()[0].find("truncation"), std::string::npos);
  EXPECT_NE(tokenizer->notes()[1].find("'<nowhere>' is not in the vocabulary"), std::string::npos);
  EXPECT_EQ(tokenizer->encode("abab", false).size(), 4u);
  EXPECT_EQ(tokenizer->eos_id(), std::nullopt);
}

TEST(Tokenizer, RefusesByFileAndKey) {
  const auto refuse = [](std::string_view message, const std::string& tokenizer, std::string_view config = "null") {
    test::expect_error(ErrorCode::kInput, message, [&] { tokenizer_of(tokenizer, config); });
  };
  refuse("dir/tokenizer.json: found null, expected the object of a tokenizer.json", "null");
  refuse("dir/tokenizer.json: key 'model' is missing", "{}");
  refuse("dir/tokenizer.json: version: found version '2.0'", R"({"version": "2.0", "model": )" + kModel + "}");
  refuse("dir/tokenizer.json: normalizer.type: no normalizer 'Nmtt'",
         with_model(kModel, R"("normalizer": {"type": "Nmtt"},)"));
  refuse(
      "dir/tokenizer.json: pre_tokenizer.pretokenizers[1].type: no pre-tokenizer 'Y'",
      with_model(
          kModel,
          R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true}, {"type": "Y"}]},)"));
  refuse(
      "dir/tokenizer.json: post_processor: special token id 2000 is the id of no token",
      with_model(
          kModel,
          R"("post_processor": {"type": "TemplateProcessing", "pair": [], "single": [{"SpecialToken": {"id": "x"}}, {"Sequence": {"id": "A"}}],
                            "special_tokens": {"x": {"id": "x", "ids": [2000], "tokens": ["x"]}}},)"));
  refuse("dir/tokenizer.json: model.vocab: tokens 'a' and 'b' both have id 0",
         with_model(R"({"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []})"));
  refuse("dir/tokenizer_config.json: found an array, expected an object", with_model(kModel), "[]");
  refuse("dir/tokenizer_config.json: bos_token: found an integer, expected a string", with_model(kModel),
         R"({"bos_token": 5})");
}

TEST(Tokenizer, TextMustBeUtf8) {
  test::expect_error(ErrorCode::kInput, "the text is not valid UTF-8 at byte 1",
                     [] { tokenizer_of(with_model(kModel))->encode("a\xFF", true); });
}

}  // namespace
}  // namespace kerf::text
