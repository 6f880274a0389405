#include "text/special_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SpecialTokens of_config(const std::string& config, description::Task task = description::Task::kMaskedLm) {
  description::Model model;
  model.task = task;
  model.hyperparameters.vocab_size = 200;
  model.config = Json::parse(config, "config.json");
  return special_tokens(model);
}

constexpr std::string_view kWords =
    R"({"type": "BPE", "merges": [], "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "[MASK]": 4, "<extra_id_0>": 5,
        "<extra_id_1>": 6, "<extra_id_3>": 7, "b": 8}})";
constexpr std::string_view kTemplate =
    R"("post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}], "pair": [],
        "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [1], "tokens": ["[CLS]"]},
                           "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]}}},
       "added_tokens": [{"id": 0, "content": "[UNK]", "special": true, "normalized": false, "lstrip": false,
                         "rstrip": false, "single_word": false}],)";

TEST(SpecialTokens, AreThoseOfTheTokenizer) {
  const auto tokenizer = test::tokenizer_of(test::with_model(kWords, kTemplate));
  const SpecialTokens special = special_tokens(*tokenizer);
  EXPECT_THAT(special.before, ElementsAre(1));
  EXPECT_THAT(special.after, ElementsAre(2));
  EXPECT_EQ(special.around(), 2);
  EXPECT_EQ(special.mask, 4) << "by its usual name";
  EXPECT_THAT(special.sentinels, ElementsAre(5, 6)) << "those in a row";
  EXPECT_THAT(special.ids, ElementsAre(0, 1, 2, 4, 5, 6));
}

TEST(SpecialTokens, TheConfigurationNamesTheMask) {
  const auto tokenizer = test::tokenizer_of(test::with_model(kWords, kTemplate), R"({"mask_token": {"content": "b"}})");
  EXPECT_EQ(special_tokens(*tokenizer).mask, 8);
}

TEST(SpecialTokens, WithoutATemplateNothingStandsAround) {
  const auto tokenizer = test::tokenizer_of(test::with_model(R"({"type": "BPE", "merges": [], "vocab": {"a": 0}})"));
  const SpecialTokens special = special_tokens(*tokenizer);
  EXPECT_EQ(special.around(), 0);
  EXPECT_EQ(special.mask, std::nullopt);
  EXPECT_THAT(special.ids, IsEmpty());
}

TEST(SpecialTokens, OrThoseOfTheModelsConfiguration) {
  const SpecialTokens roberta = of_config(R"({"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1})");
  EXPECT_THAT(roberta.before, ElementsAre(0));
  EXPECT_THAT(roberta.after, ElementsAre(2));
  EXPECT_THAT(roberta.ids, ElementsAre(0, 1, 2));
  EXPECT_EQ(roberta.mask, std::nullopt);
  const SpecialTokens named =
      of_config(R"({"bos_token_id": 9, "cls_token_id": 5, "sep_token_id": 6, "mask_token_id": 7})");
  EXPECT_THAT(named.before, ElementsAre(5));
  EXPECT_THAT(named.after, ElementsAre(6));
  EXPECT_EQ(named.mask, 7);
  const SpecialTokens t5 =
      of_config(R"({"bos_token_id": 3, "eos_token_id": 1})", description::Task::kSequenceToSequence);
  EXPECT_THAT(t5.before, IsEmpty());
  EXPECT_THAT(t5.after, ElementsAre(1));
}

TEST(SpecialTokens, WhatIsNoIdIsNotTaken) {
  const SpecialTokens special = of_config(R"({"bos_token_id": null, "eos_token_id": 200, "pad_token_id": -1,
                                              "cls_token_id": "x", "sep_token_id": [1], "mask_token_id": 1.5})");
  EXPECT_EQ(special.around(), 0);
  EXPECT_THAT(special.ids, IsEmpty());
}

}  // namespace
}  // namespace kerf::text
