#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quant/transforms/clip_search.h"
#include "quant/transforms/fold.h"
#include "tests/quant/planted.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"

namespace kerf::quant {
namespace {

using test::GoldenModel;

/// Small weights that large activations meet lose everything in a group's grid, until they are scaled up.
TEST(Awq, SavesChannelsWithLargeActivations) {
  for (const char* name : {"llama", "qwen2", "llama-bias"}) {
    const GoldenModel plain(name), planted(with_planted_channels(plain, {{3, 30.0F}}));
    const auto windows = plain.windows(2, 20, 9);
    ASSERT_LT(test::relative_difference(planted.logits(windows, nullptr), plain.logits(windows, nullptr)), 1e-4);
    for (const char* scheme : {"int4-g32", "int4-g64-asym"}) {
      Candidate rtn = candidate_of(planted.walker, scheme, "rtn"),
                awq = candidate_of(planted.walker, scheme, "rtn", {"awq"});
      quantize(planted.walker, {&rtn, &awq}, text_of(planted));
      EXPECT_LT(logit_error(planted, awq.overlay), 0.6 * logit_error(planted, rtn.overlay)) << name << " " << scheme;
    }
  }
}

/// Large weights that next to nothing meets take the range of the others, until they are scaled down or cut off.
TEST(Awq, DoesNotPayForChannelsWithoutActivations) {
  const GoldenModel plain("llama"), planted(with_planted_channels(plain, {{3, 1.0F / 30}}));
  Candidate rtn = candidate_of(planted.walker, "int4-g64-asym", "rtn");
  Candidate awq = candidate_of(planted.walker, "int4-g64-asym", "rtn", {"awq"});
  quantize(planted.walker, {&rtn, &awq}, text_of(planted));
  EXPECT_LT(logit_error(planted, awq.overlay), 0.2 * logit_error(planted, rtn.overlay));
}

std::vector<const SiteReport*> cuts_of(const Candidate& candidate) {
  std::vector<const SiteReport*> reports;
  for (const SiteReport& report : candidate.ledger) {
    if (report.transform && report.note.find("cut") != std::string::npos) reports.push_back(&report);
  }
  return reports;
}

TEST(Awq, CutsRangesWhereTheBlockGains) {
  const GoldenModel model("llama");
  for (const char* scheme : {"int3-g32", "int3-g64-asym", "int4-g32-min", "int4"}) {
    Candidate candidate = candidate_of(model.walker, scheme, "rtn", {"awq"});
    quantize(model.walker, {&candidate}, text_of(model));
    int better = 0;
    const auto reports = cuts_of(candidate);
    ASSERT_FALSE(reports.empty()) << scheme;
    for (const SiteReport* report : reports) {
      EXPECT_LE(report->block_error, report->block_error_rtn) << report->name;
      if (report->block_error < report->block_error_rtn) ++better;
    }
    EXPECT_GT(better, 2) << scheme;
    EXPECT_TRUE(candidate.unclipped.empty());
  }
}

/// Other methods choose ranges by themselves; scales of many rows and those that are codes are left alone.
TEST(Awq, LeavesRangesToMethodsThatSearchThem) {
  const GoldenModel model("llama");
  for (const auto& [scheme, method] : {std::pair("int4-g32", "mse"),
                                       {"int4-g32", "gptq"},
                                       {"q4_k", "rtn"},
                                       {"int8-tensor", "rtn"},
                                       {"f8_e4m3-b32x32", "rtn"}}) {
    Candidate candidate = candidate_of(model.walker, scheme, method, {"awq"});
    quantize(model.walker, {&candidate}, text_of(model));
    EXPECT_TRUE(cuts_of(candidate).empty()) << scheme << " " << method;
  }
}

}  // namespace
}  // namespace kerf::quant
