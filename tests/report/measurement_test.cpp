#include "report/measurement.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/report/sample.h"

namespace kerf::report {
namespace {

std::vector<std::string> keys(const Json::Object& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object) names.push_back(name);
  return names;
}

TEST(MeasurementJson, HasTheKeysOfEveryCommand) {
  const std::vector<std::string> expected = {"spec",
                                             "perplexity",
                                             "perplexity_stderr",
                                             "kl_mean",
                                             "kl_stderr",
                                             "kl_median",
                                             "kl_p90",
                                             "kl_p99",
                                             "kl_p999",
                                             "kl_max",
                                             "top1_agreement",
                                             "top5_agreement",
                                             "delta_p_rms",
                                             "tokens_scored",
                                             "bytes",
                                             "bytes_as",
                                             "bits_per_weight",
                                             "seconds",
                                             "peak_ram_bytes",
                                             "notes"};
  EXPECT_EQ(keys(measurement_json(test::sample_candidate())), expected);
}

TEST(MeasurementJson, LeavesOutWhatWasNotMeasured) {
  const Json::Object json = measurement_json(test::sample_reference());
  EXPECT_EQ(json.find("kl_mean"), nullptr);
  EXPECT_EQ(json.find("top1_agreement"), nullptr);
  ASSERT_NE(json.find("perplexity"), nullptr);
  EXPECT_EQ(json.find("perplexity")->as_double(), 12.345678);
}

TEST(MeasurementJson, ReadsBackExactly) {
  const Json json = Json::parse(Json(measurement_json(test::sample_candidate())).dump(2), "m.json");
  EXPECT_EQ(json.find("bytes")->as_uint64(), 2097152U);
  EXPECT_EQ(json.find("kl_mean")->as_double(), 0.0125);
  EXPECT_EQ(json.find("spec")->as_string(), "int4-g32/rtn");
}

TEST(MeasurementJson, AnInfinitePerplexityIsNull) {
  Measurement m = test::sample_reference();
  m.perplexity = std::numeric_limits<double>::infinity();
  const Json json = Json::parse(Json(measurement_json(m)).dump(), "m.json");
  EXPECT_TRUE(json.find("perplexity")->is_null());
}

TEST(TextFigures, SayHowTheTextWasCut) {
  Table facts;
  facts.column("").column("");
  add_text_figures(facts, test::sample_text());
  EXPECT_EQ(facts.text(),
            "protocol        llama.cpp\n"
            "windows         37 of 512 tokens each, beginning with BOS\n"
            "tokens scored   9,472 of 19,000\n"
            "tokens dropped  56 at the end of the text\n");
}

TEST(TextFigures, NothingDroppedIsNotMentioned) {
  TextFigures text = test::sample_text();
  text.tokens_dropped = 0;
  text.bos = false;
  Table facts;
  facts.column("").column("");
  add_text_figures(facts, text);
  EXPECT_EQ(facts.text().find("dropped"), std::string::npos);
  EXPECT_NE(facts.text().find("without BOS"), std::string::npos);
}

TEST(TextFigures, SayWhatWasMasked) {
  TextFigures text = test::sample_text();
  text.protocol = "masked-lm-all";
  text.figure = "pseudo-perplexity";
  text.bos = false;
  text.special = 2;
  text.runs = 7 * text.windows;
  text.masked_share = 1.0 / 7;
  Table facts;
  facts.column("").column("");
  add_text_figures(facts, text);
  EXPECT_EQ(facts.text(),
            "protocol        masked-lm-all\n"
            "windows         37 of 512 tokens each, 2 of them special, 259 runs\n"
            "masked          14.29% of the text in each run\n"
            "tokens scored   9,472 of 19,000\n"
            "tokens dropped  56 at the end of the text\n");
  const Json::Object json = text_figures_json(text);
  EXPECT_EQ(json.find("figure")->as_string(), "pseudo-perplexity");
  EXPECT_EQ(json.find("runs")->as_int64(), 259);
  EXPECT_EQ(json.find("special_tokens")->as_int64(), 2);
  EXPECT_EQ(text_figures_json(test::sample_text()).find("figure"), nullptr);
}

TEST(TextFigures, SayHowManyLines) {
  Table facts;
  facts.column("").column("");
  add_text_figures(facts, test::sample_lines());
  EXPECT_EQ(facts.text(),
            "protocol        lines\n"
            "lines           872 of at most 512 tokens each, 2 of them special\n"
            "lines left out  3, blank\n"
            "tokens read     19,880 of 20,000\n"
            "tokens dropped  120 at the end of longer lines\n");
}

TEST(MeasurementJson, AClassifierHasClassesAndNoPerplexity) {
  const Json::Object json = measurement_json(test::sample_classifier());
  EXPECT_EQ(json.find("perplexity"), nullptr);
  EXPECT_EQ(json.find("perplexity_stderr"), nullptr);
  EXPECT_EQ(json.find("accuracy")->as_double(), 0.9);
  EXPECT_EQ(json.find("entropy")->as_double(), 0.5);
  const Json& positive = json.find("classes")->as_array().at(1);
  EXPECT_EQ(positive.find("label")->as_string(), "positive");
  EXPECT_EQ(positive.find("predicted")->as_double(), 0.75);
  EXPECT_EQ(positive.find("probability")->as_double(), 0.7);
}

TEST(Classes, StandBesideTheReferences) {
  const auto classes = test::sample_classifier().classes;
  EXPECT_EQ(classes_text(classes, nullptr),
            "label     predicted  mean p\n"
            "negative     25.00%  30.00%\n"
            "positive     75.00%  70.00%\n");
  EXPECT_EQ(classes_text(classes, &classes),
            "label     predicted  mean p  by the reference  its mean p\n"
            "negative     25.00%  30.00%            25.00%      30.00%\n"
            "positive     75.00%  70.00%            75.00%      70.00%\n");
}

TEST(Notes, AreSafeLines) { EXPECT_EQ(notes_text({"a\nb", "c"}), "note: a\\x0Ab\nnote: c\n"); }

}  // namespace
}  // namespace kerf::report
