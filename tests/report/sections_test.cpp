#include "report/html/sections.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/report/sample.h"

namespace kerf::report::html {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Sections, PlotsLeaveOutWhatWasNotMeasured) {
  Comparison comparison;
  comparison.text = test::sample_lines();
  comparison.reference = test::sample_classifier();
  comparison.candidates = {test::sample_classifier()};
  const std::string text = plots(comparison);
  EXPECT_THAT(text, HasSubstr("Size against KL"));
  EXPECT_THAT(text, Not(HasSubstr("Size against perplexity")));
  EXPECT_THAT(text, Not(HasSubstr("Drift by position")));
}

TEST(Sections, PlotsOfOddFiguresHaveNumbersOnly) {
  Comparison comparison;
  comparison.candidates = {test::sample_candidate()};
  Measurement& m = comparison.candidates[0];
  const double inf = std::numeric_limits<double>::infinity();
  m.kl->mean = inf;
  m.judgement = Judgement{.difference = {inf, inf, -inf, inf}};
  m.by_position = {.index = {1, 2}, .tokens = {1, 1}, .nll = {}, .kl = {0, -1}, .top1 = {}};
  EXPECT_THAT(plots(comparison), Not(testing::ContainsRegex("[xy12]=-?(inf|nan)|[ ,\"](inf|nan)[, ]")));
}

TEST(Sections, TablesAreNamedAndExplained) {
  const PlainTable plain{{{"a", "what a is", false}, {"b", "", true}}, {{"1<", "2"}}};
  EXPECT_THAT(table(plain, "label", "id"), HasSubstr("role=region aria-label=\"label\"><table id=\"id\">"));
  EXPECT_THAT(table(plain, "label"), HasSubstr("<td class=name>1&lt;</td><td class=right>2</td>"));
  EXPECT_THAT(explanations(plain), HasSubstr("<dt>a</dt><dd>what a is</dd>"));
  EXPECT_THAT(explanations(plain), Not(HasSubstr("<dt>b</dt>")));
}

}  // namespace
}  // namespace kerf::report::html
