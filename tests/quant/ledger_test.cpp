#include "quant/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf::quant {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SiteReport site(const std::string& name, const std::string& method, const std::string& note, bool fallback) {
  SiteReport report;
  report.name = name;
  report.method = method;
  report.note = note;
  report.fallback = fallback;
  return report;
}

TEST(Ledger, NothingToSayOfSitesWithoutNotesAndOfTransforms) {
  SiteReport transform = site("a + b", "awq", "alpha 0.50, folded into norm", false);
  transform.transform = true;
  EXPECT_THAT(ledger_notes(std::vector{site("a", "gptq", "", false), transform}), IsEmpty());
}

TEST(Ledger, FallbacksAreCountedAndTheFirstIsGivenInItsOwnWords) {
  const std::vector ledger{site("a", "gptq", "", false), site("b", "rtn", "3 tokens", true),
                           site("c", "rtn", "4 tokens", true)};
  EXPECT_THAT(ledger_notes(ledger),
              ElementsAre("2 of 3 weights: rtn in place of the method asked for; first b: 3 tokens"));
}

TEST(Ledger, MethodsThatGaveWayForHeldOutTextStandApart) {
  SiteReport reverted = site("b", "rtn", "rtn's is smaller", true);
  reverted.reverted = true;
  EXPECT_THAT(
      ledger_notes(std::vector{site("a", "gptq", "", false), reverted}),
      ElementsAre("1 of 2 weights: the method gave way to a simpler one for its error on the held-out share of the "
                  "text; first b: rtn's is smaller"));
}

TEST(Ledger, SummaryIsOfWhatWasHeldOut) {
  SiteReport a = site("a", "gptq", "", false), b = a;
  EXPECT_EQ(held_out_summary(std::vector{a}), "");
  a.held_out_tokens = b.held_out_tokens = 10;
  a.objective = 0.1, a.rtn_objective = 0.4, a.held_out_objective = 0.2, a.held_out_rtn = 0.4;
  b.objective = 0.4, b.rtn_objective = 0.4, b.held_out_objective = 0.8, b.held_out_rtn = 0.4;
  EXPECT_EQ(
      held_out_summary(std::vector{a, b}),
      "output error of 2 weights, geometric mean: 0.500 times that of rtn on the text, 1.000 on a share that was held "
      "out while the method was tried");
}

TEST(Ledger, OtherNotesStandApart) {
  const std::vector ledger{site("a", "gptq", "seen 5 tokens", false), site("b", "rtn", "none", true)};
  EXPECT_THAT(ledger_notes(ledger), ElementsAre("1 of 2 weights: rtn in place of the method asked for; first b: none",
                                                "1 of 2 weights: seen 5 tokens; first a"));
}

TEST(Ledger, WhatATransformCannotDoIsCounted) {
  std::vector ledger{site("a", "bias-correction", "mean output had moved by up to 0.1", false),
                     site("b", "bias-correction", "not corrected: it has no bias of its own", true)};
  for (SiteReport& report : ledger) report.transform = true;
  EXPECT_THAT(ledger_notes(ledger),
              ElementsAre("bias-correction at 1 of 2 places: not corrected: it has no bias of its own; first b"));
}

}  // namespace
}  // namespace kerf::quant
