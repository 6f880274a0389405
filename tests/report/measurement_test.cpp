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

TEST(Utf8Text, KeepsUtf8AndEscapesTheRest) {
  EXPECT_EQ(utf8_text("caf\u00e9\n"), "caf\u00e9\n");
  EXPECT_EQ(utf8_text("a\xff"), "a\\xFF");
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

TEST(Notes, AreSafeLines) { EXPECT_EQ(notes_text({"a\nb", "c"}), "note: a\\x0Ab\nnote: c\n"); }

}  // namespace
}  // namespace kerf::report
