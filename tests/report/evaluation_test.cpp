#include "report/evaluation.h"

#include <gtest/gtest.h>

#include "tests/report/sample.h"

namespace kerf::report {
namespace {

Evaluation alone() {
  Evaluation evaluation;
  evaluation.text = test::sample_text();
  evaluation.candidate = test::sample_reference();
  return evaluation;
}

Evaluation with_reference() {
  Evaluation evaluation = alone();
  evaluation.candidate = test::sample_candidate();
  evaluation.reference = test::sample_reference();
  return evaluation;
}

TEST(EvaluationText, PerplexityAlone) {
  EXPECT_EQ(to_text(alone()),
            "model           models/tiny (14.0 MiB, 32.00 bits per weight)\n"
            "perplexity      12.3457 \u00B1 0.0712\n"
            "protocol        llama.cpp\n"
            "windows         37 of 512 tokens each, beginning with BOS\n"
            "tokens scored   9,472 of 19,000\n"
            "tokens dropped  56 at the end of the text\n"
            "time            1.25 s\n"
            "peak memory     96.0 MiB\n");
}

TEST(EvaluationText, DriftFromAReference) {
  const std::string text = to_text(with_reference());
  EXPECT_NE(text.find("KL mean          0.012500 \u00B1 0.000100 nats per token\n"), std::string::npos) << text;
  EXPECT_NE(text.find("KL 99.9%         0.800000\n"), std::string::npos) << text;
  EXPECT_NE(text.find("top-1 agreement  97.50% \u00B1 0.20%\n"), std::string::npos) << text;
  EXPECT_NE(text.find("RMS delta p      1.23% \u00B1 0.00%\n"), std::string::npos) << text;
}

TEST(EvaluationText, AClassifiersDistributions) {
  Evaluation evaluation;
  evaluation.text = test::sample_lines();
  evaluation.candidate = test::sample_classifier();
  evaluation.reference = test::sample_classifier();
  const std::string text = to_text(evaluation);
  for (const char* line :
       {"accuracy         90.00% \u00B1 1.00%\n", "entropy          0.5000 nats per line\n", "its accuracy     90.00%",
        "KL mean          0.012500 \u00B1 0.000100 nats per line\n", "\n\nlabel     predicted"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("perplexity"), std::string::npos) << text;
  EXPECT_EQ(text.find("top-5"), std::string::npos) << text;
}

TEST(EvaluationText, ThePerplexityIsCalledWhatItIs) {
  Evaluation evaluation = alone();
  evaluation.text.figure = "pseudo-perplexity";
  EXPECT_NE(to_text(evaluation).find("pseudo-perplexity  12.3457"), std::string::npos) << to_text(evaluation);
}

TEST(EvaluationText, NotesOfEveryPartAreSaid) {
  Evaluation evaluation = with_reference();
  evaluation.text.notes = {"short text"};
  evaluation.reference->notes = {"odd reference"};
  evaluation.candidate.notes = {"odd candidate"};
  const std::string text = to_text(evaluation);
  EXPECT_NE(text.find("note: short text\nnote: odd reference\nnote: odd candidate\n"), std::string::npos) << text;
}

TEST(EvaluationJson, FiguresAtTheTopReferenceBelow) {
  const Json json = to_json(with_reference());
  EXPECT_EQ(json.find("kl_mean")->as_double(), 0.0125);
  EXPECT_EQ(json.find("text")->find("windows")->as_int64(), 37);
  EXPECT_EQ(json.find("reference")->find("spec")->as_string(), "models/tiny");
  EXPECT_EQ(to_json(alone()).find("reference"), nullptr);
}

}  // namespace
}  // namespace kerf::report
