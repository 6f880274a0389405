#include "report/verification.h"

#include <gtest/gtest.h>

namespace kerf::report {
namespace {

Verification sample() {
  Verification result;
  result.original = "model";
  result.candidate = "model.gguf";
  result.passed = false;
  result.findings = {{true, "outlier", "up.weight", "the value is 8 steps off"}, {false, "scaled", "q", "compared"}};
  TensorVerification& tensor = result.tensors.emplace_back();
  tensor.name = "up.weight";
  tensor.role = "up";
  tensor.scheme = "int4-g32";
  tensor.shape = {2, 32};
  tensor.relative_error = 0.125;
  tensor.rounding_error = 0.0625;
  tensor.passed = false;
  return result;
}

TEST(VerificationText, BeginsWithTheVerdictAndListsEveryFinding) {
  const std::string text = to_text(sample(), true);
  EXPECT_EQ(text.rfind("NOT verified: 1 finding\n", 0), 0U) << text;
  EXPECT_NE(text.find("no manifest"), std::string::npos);
  EXPECT_NE(text.find("FAILED outlier: up.weight: the value is 8 steps off\n"), std::string::npos);
  EXPECT_NE(text.find("note scaled: q: compared\n"), std::string::npos);
  EXPECT_NE(text.find("1.25e-01"), std::string::npos);
  EXPECT_EQ(to_text(sample(), false).find("1.25e-01"), std::string::npos);
}

TEST(VerificationText, SaysWhatWasCheckedWhereNoTensorsAreCompared) {
  Verification result;
  result.manifest = "m.kerf.json";
  result.files_checked = 1;
  result.texts_checked = 3;
  EXPECT_EQ(
      to_text(result, false)
          .rfind("verified\nmanifest m.kerf.json: 1 file checked by SHA-256\n3 texts cut by both tokenizers\n", 0),
      0U)
      << to_text(result, false);
}

TEST(VerificationText, ManyFindingsAreCounted) {
  Verification result = sample();
  result.findings.assign(100, {true, "missing", "w", "is not there"});
  EXPECT_NE(to_text(result, false).find("... and 60 more"), std::string::npos);
}

TEST(VerificationJson, HasTheVerdictFindingsAndTensors) {
  const Json json = to_json(sample());
  EXPECT_FALSE(json.find("passed")->as_bool());
  EXPECT_EQ(json.find("findings")->as_array().at(0).find("tensor")->as_string(), "up.weight");
  EXPECT_EQ(json.find("tensors")->as_array().at(0).find("rounding_error")->as_double(), 0.0625);
  EXPECT_FALSE(json.contains("manifest"));
}

}  // namespace
}  // namespace kerf::report
