#include "report/comparison.h"

#include <gtest/gtest.h>

#include "tests/report/sample.h"

namespace kerf::report {
namespace {

Comparison two_candidates() {
  Comparison comparison;
  comparison.text = test::sample_text();
  comparison.reference = test::sample_reference();
  comparison.candidates = {test::sample_candidate(), test::sample_candidate()};
  comparison.candidates[1].spec = "int8";
  return comparison;
}

TEST(ComparisonText, ReferenceFirstThenCandidatesInTheirOrder) {
  EXPECT_EQ(to_text(two_candidates()),
            "candidate        bytes  bits/weight        perplexity       KL mean (nats)   top-1  seconds\n"
            "reference     14.0 MiB        32.00  12.3457 \u00B1 0.0712                    -       -      1.2\n"
            "int4-g32/rtn   2.0 MiB         4.50  12.3457 \u00B1 0.0712  0.012500 \u00B1 0.000100  97.50%      1.2\n"
            "int8           2.0 MiB         4.50  12.3457 \u00B1 0.0712  0.012500 \u00B1 0.000100  97.50%      1.2\n"
            "\n"
            "reference       models/tiny\n"
            "protocol        llama.cpp\n"
            "windows         37 of 512 tokens each, beginning with BOS\n"
            "tokens scored   9,472 of 19,000\n"
            "tokens dropped  56 at the end of the text\n"
            "bytes           of the files as gguf\n"
            "peak memory     96.0 MiB\n");
}

TEST(ComparisonText, DifferentFormatsHaveAColumn) {
  Comparison comparison = two_candidates();
  comparison.candidates[1].bytes_as = "compressed-tensors";
  const std::string text = to_text(comparison);
  EXPECT_NE(text.find("int8           2.0 MiB  compressed-tensors  "), std::string::npos) << text;
  EXPECT_EQ(text.find("of the files as"), std::string::npos) << text;
}

TEST(ComparisonText, AClassifiersColumnIsItsAccuracyOrEntropy) {
  Comparison comparison;
  comparison.text = test::sample_lines();
  comparison.reference = test::sample_classifier();
  comparison.candidates = {test::sample_classifier()};
  std::string text = to_text(comparison);
  EXPECT_NE(text.find("accuracy       KL mean (nats)"), std::string::npos) << text;
  EXPECT_NE(text.find("90.00% \u00B1 1.00%  0.012500"), std::string::npos) << text;
  EXPECT_NE(text.find("\n\nlabel     predicted  mean p\nnegative"), std::string::npos) << text;
  comparison.reference.accuracy.reset();
  comparison.candidates[0].accuracy.reset();
  text = to_text(comparison);
  EXPECT_NE(text.find("entropy (nats)       KL mean (nats)"), std::string::npos) << text;
  EXPECT_NE(text.find("        0.5000  0.012500"), std::string::npos) << text;
}

TEST(ComparisonText, ANoteNamesItsCandidate) {
  Comparison comparison = two_candidates();
  comparison.candidates[1].notes = {"3 sites fell back"};
  EXPECT_NE(to_text(comparison).find("note: int8: 3 sites fell back\n"), std::string::npos);
}

/// Candidates c0, c1... with these divergences, each pair measured.
Comparison ladder_of(const std::vector<double>& divergences) {
  Comparison comparison = two_candidates();
  comparison.candidates.clear();
  for (std::size_t i = 0; i < divergences.size(); ++i) {
    Measurement m = test::sample_candidate();
    m.spec = "c" + std::to_string(i);
    m.kl->mean = divergences[i];
    comparison.candidates.push_back(m);
    for (std::size_t j = 0; j < i; ++j) {
      comparison.pairs.push_back({.spec = m.spec, .other = comparison.candidates[j].spec});
    }
  }
  return comparison;
}

TEST(ComparisonText, FewPairsArePrintedAll) {
  const std::string text = to_text(ladder_of({0.01, 0.04, 0.02, 0.03}));
  for (const char* row : {"\nc1         c0 ", "\nc2         c0 ", "\nc2         c1 ", "\nc3         c0 ",
                          "\nc3         c1 ", "\nc3         c2 "}) {
    EXPECT_NE(text.find(row), std::string::npos) << row << text;
  }
  EXPECT_EQ(text.find("each beside the next"), std::string::npos) << text;
}

TEST(ComparisonText, OfManyPairsThoseOfNeighboursByDivergence) {
  const std::string text = to_text(ladder_of({0.01, 0.04, 0.02, 0.05, 0.03}));
  EXPECT_NE(text.find("\nc2         c0                      -                -\n"
                      "c4         c2                      -                -\n"
                      "c4         c1                      -                -\n"
                      "c3         c1                      -                -\n"
                      "(each beside the next by KL divergence; --json and --html have all 10 pairs)\n"),
            std::string::npos)
      << text;
}

TEST(ComparisonJson, ReferenceAndCandidates) {
  const Json json = to_json(two_candidates());
  EXPECT_EQ(json.find("reference")->find("perplexity")->as_double(), 12.345678);
  const Json::Array& candidates = json.find("candidates")->as_array();
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[0].find("spec")->as_string(), "int4-g32/rtn");
  EXPECT_EQ(candidates[1].find("spec")->as_string(), "int8");
  EXPECT_EQ(json.find("text")->find("protocol")->as_string(), "llama.cpp");
}

}  // namespace
}  // namespace kerf::report
