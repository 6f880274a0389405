#include "report/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/strings.h"
#include "report/html/plot.h"
#include "report/html/sections.h"
#include "report/html/style.h"
#include "report/markup.h"
#include "report/sentence.h"
#include "report/site_figures.h"
#include "report/tables.h"
#include "report/verdict.h"
#include "report/worst.h"
#include "tests/report/sample.h"

// Samples name the fields that they are about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace kerf::report {
namespace {

using testing::HasSubstr;
using testing::Not;

Comparison sample() {
  Comparison comparison;
  comparison.text = test::sample_text();
  comparison.reference = test::sample_reference();
  comparison.candidates = {test::sample_candidate(), test::sample_candidate()};
  comparison.candidates[1].spec = "<script>alert(1)</script>|\"";
  comparison.candidates[1].bytes *= 2;
  for (Measurement& m : comparison.candidates) {
    m.judgement = Judgement{.difference = {0.02, 0.001, 0.018, 0.022}, .verdict = Verdict::kWorse};
    m.run_bytes = 900'000'000;
    m.by_position = {.index = {1, 2, 3}, .tokens = {1, 1, 1}, .nll = {1, 1, 1}, .kl = {0.1, 0.2, 0}, .top1 = {1, 1, 0}};
    m.kl_histogram = {.low = -8, .step = 0.25, .counts = {1, 2, 3}};
    m.worst = {{.window = 3, .position = 7, .kl = 2, .before = "</td><b>", .token = "a|b", .after = "\n", .best = ""}};
    m.tensors = {{.name = "model.layers.3.mlp.down_proj.weight",
                  .role = "down",
                  .scheme = "int4-g32",
                  .method = "rtn",
                  .shape = {8, 4}}};
    m.sites = {{.name = "model.layers.3.mlp.down_proj.weight", .tokens = 10, .objective = 0.01}};
  }
  return comparison;
}

TEST(Documents, NothingFromAFileIsMarkup) {
  for (const Document* document : documents()) {
    const std::string text = document->write(sample());
    EXPECT_THAT(text, HasSubstr("int4-g32/rtn")) << document->name;
    if (document->name == "csv") continue;
    EXPECT_THAT(text, Not(HasSubstr("<script>alert"))) << document->name;
    EXPECT_THAT(text, Not(HasSubstr("</td><b>"))) << document->name;
  }
}

TEST(Documents, ThePageNeedsNothingElse) {
  const std::string page = html_comparison_writer().write(sample());
  for (const char* part : {"http:", "https:", "src=", "@import", "url("}) EXPECT_THAT(page, Not(HasSubstr(part)));
  EXPECT_THAT(page,
              HasSubstr("7.0 times smaller, runs in 0.9 GB, perplexity +2.02% \u00B1 0.20, one token in 40 differs"));
  EXPECT_THAT(page, HasSubstr("role=img aria-label=\"Size against KL: "));
  EXPECT_TRUE(find_invalid_utf8(page) == std::nullopt);
}

TEST(Documents, CsvHasALineAModelAndQuotesWhatNeedsIt) {
  const std::string csv = csv_comparison_writer().write(sample());
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
  EXPECT_THAT(csv, testing::StartsWith("spec,perplexity,perplexity_stderr,tokens_scored,bytes,"));
  EXPECT_THAT(csv, HasSubstr("\"<script>alert(1)</script>|\"\"\""));
}

TEST(Documents, AnEvaluationAloneIsAReference) {
  Evaluation evaluation;
  evaluation.text = test::sample_text();
  evaluation.candidate = test::sample_reference();
  EXPECT_TRUE(as_comparison(evaluation).candidates.empty());
  for (const Document* document : documents()) {
    EXPECT_THAT(document->write(as_comparison(evaluation)), HasSubstr("12.34")) << document->name;
  }
}

TEST(Sentence, SaysWhatThereIs) {
  Measurement reference = test::sample_reference(), candidate = test::sample_candidate();
  EXPECT_EQ(plain_sentence(candidate, reference, test::sample_text()), "7.0 times smaller, one token in 40 differs");
  candidate.top1_agreement = 1;
  candidate.bytes = reference.bytes * 2;
  EXPECT_EQ(plain_sentence(candidate, reference, test::sample_text()), "2.0 times larger, no token differs");
  EXPECT_EQ(plain_bytes(14'680'064), "14.7 MB");
}

TEST(Sentence, LeadsWithTheSmallestThatIsEquivalent) {
  std::vector<Measurement> all(3, test::sample_candidate());
  all[2].kl->mean = 0.001;
  EXPECT_EQ(leading_candidate(all), 2U);
  all[0].judgement = all[1].judgement = Judgement{.verdict = Verdict::kEquivalent};
  all[1].bytes = 1;
  EXPECT_EQ(leading_candidate(all), 1U);
}

TEST(Pareto, KeepsWhatNothingBeats) {
  const auto front = html::pareto_front({{.x = 3, .y = 1}, {.x = 1, .y = 3}, {.x = 2, .y = 4}, {.x = 2, .y = 2}});
  ASSERT_EQ(front.size(), 3U);
  EXPECT_EQ(front[1].y, 2);
}

TEST(Markup, EscapesWhatHasAMeaning) {
  EXPECT_EQ(escape_markup("a<b>&\"'\x01"), "a&lt;b&gt;&amp;&quot;&#39;\xEF\xBF\xBD");
  EXPECT_EQ(escape_markdown("a|b\n*"), "a\\|b \\*");
  EXPECT_EQ(markdown_table({"a", "b"}, {false, true}, {{"1", "2"}}), "| a | b |\n| :--- | ---: |\n| 1 | 2 |\n");
}

TEST(SiteFigures, CountFallbacksAndErrors) {
  Measurement m = sample().candidates[0];
  m.tensors.push_back(m.tensors[0]);
  m.tensors[1].fallback = true;
  m.sites.push_back({.name = "x", .reverted = true, .tokens = 10, .objective = 0.03});
  const SiteFigures figures = site_figures(m);
  EXPECT_EQ(figures.fallback_weights, 1);
  EXPECT_DOUBLE_EQ(*figures.fallback_share, 0.5);
  EXPECT_EQ(figures.reverted_sites, 1);
  EXPECT_DOUBLE_EQ(*figures.layer_error_max, 0.03);
  EXPECT_DOUBLE_EQ(*figures.layer_error_mean, 0.02);
  EXPECT_FALSE(site_figures(test::sample_candidate()).fallback_share.has_value());
}

TEST(LayersTable, ByLayerAndRole) {
  const PlainTable table = layers_table(sample().candidates[0]);
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"3", "1.00e-02"}));
}

TEST(VerdictText, SaysHowMuchMoreIsNeeded) {
  EXPECT_EQ(verdict_text({.verdict = Verdict::kEquivalent}), "equivalent");
  EXPECT_EQ(verdict_text({.more_tokens = 12345}), "inconclusive, about 13,000 more tokens needed");
  EXPECT_EQ(verdict_text({}), "inconclusive, the text is too short");
  EXPECT_EQ(change_text(-0.01), "-1.00%");
}

TEST(Worst, TextIsCutAtCharacters) {
  EXPECT_EQ(last_characters("\u00e9\u00e9\u00e9", 2), "...\u00e9\u00e9");
  EXPECT_EQ(first_characters("abc", 3), "abc");
  EXPECT_THAT(worst_text(sample().candidates[0].worst), HasSubstr("3:7"));
}

}  // namespace
}  // namespace kerf::report
