#include "api/rederive.h"

#include <filesystem>
#include <fstream>
#include <tuple>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "core/output.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::api {
namespace {

const std::string kModel = test::source_dir() + "/tests/golden/checkpoints/llama";

std::string kinds(const Verification& result) {
  std::string text;
  for (const Finding& finding : result.findings) text += (finding.failure ? "!" : "") + finding.kind + " ";
  return text;
}

class Verify : public testing::Test {
 protected:
  static QuantizationChoice int4() {
    QuantizationChoice choice;
    choice.scheme = "int4-g32";
    return choice;
  }
  QuantizeResult write(const std::vector<OutputRequest>& outputs, const QuantizationChoice& choice,
                       const std::string& model = kModel, const CalibrationOptions& calibration = {}) {
    QuantizeOptions options;
    options.calibration = calibration;
    options.model = model;
    options.outputs = outputs;
    for (OutputRequest& output : options.outputs) output.path = folder_ / output.path;
    options.choice = choice;
    return quantize(options, {});
  }
  void write(const std::string& output) { write({{output, "", {}}}, int4()); }
  Verification check(const std::string& candidate, bool again = false, const std::string& original = kModel,
                     const std::string& manifest = "") {
    VerifyOptions options;
    options.original = original;
    options.candidate = folder_ / candidate;
    if (!manifest.empty()) options.manifest = folder_ / manifest;
    options.rederive = again;
    Resources resources;
    resources.scratch_folder = folder_.path();
    return verify(options, resources);
  }
  void flip(const std::string& file, std::uint64_t from_end) {
    std::fstream stream(folder_ / file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(-static_cast<std::int64_t>(from_end), std::ios::end);
    const auto at = stream.tellg();
    const char byte = static_cast<char>(stream.get());
    stream.seekp(at);
    stream.put(static_cast<char>(byte ^ 0x10));
  }
  test::TempDir folder_;
};

TEST_F(Verify, AcceptsWhatWasWrittenAndMakesItAgain) {
  for (const char* output : {"m.gguf", "m"}) {
    write(output);
    const Verification result = check(output, true);
    EXPECT_TRUE(result.passed) << output << ": " << kinds(result);
    EXPECT_TRUE(result.rederived);
    EXPECT_GT(result.files_checked, 0);
    EXPECT_GT(result.tensors.size(), 10U);
  }
}

TEST_F(Verify, AByteAnywhereIsNoticedByTheManifest) {
  write("m.gguf");
  for (const std::uint64_t from_end : {1, 100, 5000}) {
    flip("m.gguf", from_end);
    EXPECT_NE(kinds(check("m.gguf")).find("!file"), std::string::npos) << from_end;
    flip("m.gguf", from_end);
  }
  EXPECT_TRUE(check("m.gguf").passed);
}

TEST_F(Verify, WithoutAManifestAnotherModelIsNoticedAndSoIsATensorThatIsNotThere) {
  write("m.gguf");
  std::filesystem::remove(folder_ / "m.gguf.kerf.json");
  EXPECT_TRUE(check("m.gguf").passed);
  const Verification other = check("m.gguf", false, test::source_dir() + "/tests/golden/checkpoints/llama-bias");
  EXPECT_FALSE(other.passed);
  EXPECT_NE(kinds(other).find("!missing"), std::string::npos) << kinds(other);
}

TEST_F(Verify, FilesThatAreGoneAreNamed) {
  write("m");
  std::filesystem::remove(folder_ / "m/model.safetensors");
  const Verification result = check("m");
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(kinds(result), "!file !unreadable ");
}

TEST_F(Verify, AnotherSourceIsNotMadeAgainFrom) {
  write("m.gguf");
  const Verification result = check("m.gguf", true, test::source_dir() + "/tests/golden/checkpoints/llama-bias");
  EXPECT_FALSE(result.rederived);
  EXPECT_NE(kinds(result).find("!file"), std::string::npos);
}

TEST_F(Verify, FilesThatCameOutDifferentAreNamed) {
  write("m.gguf");
  const std::string path = folder_ / "m.gguf.kerf.json";
  std::string text = read_file(path, 1 << 24);
  const std::size_t at = text.find("\"int4-g32\"");
  ASSERT_NE(at, std::string::npos);
  text.replace(text.find("\"int4-g32\"", text.find("\"request\"")), 10, "\"q4_1\"");
  write_file(path, text);
  const Verification result = check("m.gguf", true);
  EXPECT_FALSE(result.passed);
  EXPECT_NE(kinds(result).find("!rederived"), std::string::npos) << kinds(result);
}

TEST_F(Verify, RotatedWeightsAreVouchedForByTheManifest) {
  QuantizationChoice choice = int4();
  choice.transforms = {"rotate"};
  for (const char* model : {"llama", "llama-tied-mha"}) {
    const std::string original = test::source_dir() + "/tests/golden/checkpoints/" + model;
    const std::string output = std::string(model) + ".gguf";
    write({{output, "", {}}}, choice, original);
    const Verification result = check(output, true, original);
    EXPECT_TRUE(result.passed) << model << ": " << kinds(result);
    EXPECT_TRUE(result.rederived);
    EXPECT_TRUE(result.tensors.empty());
    EXPECT_THAT(result.notes, testing::Contains(testing::HasSubstr("what vouches for them is the manifest")));
    flip(output, 5000);
    const Verification flipped = check(output, false, original);
    EXPECT_FALSE(flipped.passed);
    EXPECT_THAT(kinds(flipped), testing::StartsWith("!file !changed ")) << model;
  }
}

TEST_F(Verify, PrunedUnitsOfARotatedModelAreMadeAgain) {
  QuantizationChoice choice = int4();
  choice.transforms = {"rotate"};
  choice.prune = {"neurons:25%", "heads:50%"};
  const std::string original = test::source_dir() + "/examples/tiny-llama";
  CalibrationOptions calibration;
  calibration.text.files = {original + "/calibration.txt"};
  calibration.samples = 2;
  calibration.context = 64;
  write({{"m", "", {}}}, choice, original, calibration);
  const Verification result = check("m", true, original);
  EXPECT_TRUE(result.passed) << kinds(result);
  EXPECT_TRUE(result.rederived);
}

TEST_F(Verify, EachOutputsManifestHasTheValuesThatItsFilesHold) {
  // GGUF holds these norms as 1 + w, which rounds otherwise.
  const std::string gemma = test::source_dir() + "/tests/golden/checkpoints/gemma";
  for (const auto& [first, second] : {std::pair("a", "a.gguf"), std::pair("b.gguf", "b")}) {
    write({{first, "", {}}, {second, "", {}}}, int4(), gemma);
    for (const char* output : {first, second}) {
      EXPECT_TRUE(check(output, true, gemma).passed) << output << ": " << kinds(check(output, true, gemma));
    }
  }
}

TEST_F(Verify, AFileOfAnotherNameIsTheManifestsFile) {
  write("m.gguf");
  std::filesystem::copy(folder_ / "m.gguf", folder_ / "renamed.gguf");
  std::filesystem::copy(folder_ / "m.gguf.kerf.json", folder_ / "renamed.gguf.kerf.json");
  EXPECT_TRUE(check("renamed.gguf").passed);
  flip("renamed.gguf", 100);
  EXPECT_TRUE(check("m.gguf").passed);
  for (const char* manifest : {"", "m.gguf.kerf.json"}) {
    const Verification result = check("renamed.gguf", false, kModel, manifest);
    EXPECT_FALSE(result.passed);
    EXPECT_EQ(result.findings.front().kind, "file");
    EXPECT_THAT(result.findings.front().text, testing::HasSubstr("'renamed.gguf' is not the file 'm.gguf'"));
  }
}

TEST_F(Verify, FilesAreBesideTheCandidateWhereverTheManifestIs) {
  write("m.gguf");
  write("f");
  std::filesystem::create_directory(folder_ / "away");
  std::filesystem::rename(folder_ / "m.gguf.kerf.json", folder_ / "away/m.gguf.kerf.json");
  std::filesystem::rename(folder_ / "f/model.kerf.json", folder_ / "away/model.kerf.json");
  for (const auto& [candidate, manifest, files] :
       {std::tuple("m.gguf", "away/m.gguf.kerf.json", 1), std::tuple("f", "away/model.kerf.json", 2)}) {
    const Verification result = check(candidate, false, kModel, manifest);
    EXPECT_TRUE(result.passed) << kinds(result);
    EXPECT_EQ(result.files_checked, files);
  }
}

TEST_F(Verify, FilesThatTheManifestDoesNotListAreNamed) {
  write("f");
  std::filesystem::rename(folder_ / "f/model.safetensors", folder_ / "f/other.safetensors");
  std::filesystem::copy(kModel + "/model.safetensors", folder_ / "f/model.safetensors");
  EXPECT_THAT(check("f").findings.front().text, testing::HasSubstr("'model.safetensors' is not the file"));
  const Verification result = check("f/other.safetensors");
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.findings.front().text, "'other.safetensors' is no file of the manifest");
}

TEST_F(Verify, WeightsThatAreReadFromAnUnlistedFileAreNamed) {
  write("f");
  write("m.gguf");
  std::filesystem::copy(folder_ / "m.gguf", folder_ / "f/m.gguf");
  const Verification result = check("f", false, kModel, "m.gguf.kerf.json");
  EXPECT_FALSE(result.passed);
  EXPECT_EQ(result.findings.front().text, "'model.safetensors' has weights and is no file of the manifest");
}

TEST_F(Verify, ASplitFileIsReportedAndCheckedByItsParts) {
  const QuantizeResult written = write({{"m.gguf", "", {{"split-max-size", "20K"}}}}, int4());
  const std::string& first = written.outputs[0].path;
  EXPECT_TRUE(is_regular_file(first)) << first;
  EXPECT_THAT(written.notes, testing::Contains(testing::HasSubstr("m.gguf was cut into ")));
  const Verification result = check(file_name(first), true);
  EXPECT_TRUE(result.passed) << kinds(result);
  EXPECT_GE(result.files_checked, 2);
  test::expect_error(ErrorCode::kInput, "there is no such file, but '" + first + "'", [&] { check("m.gguf"); });
}

TEST_F(Verify, TheOriginalInPlaceOfTheCandidateIsSaid) {
  write("m.gguf");
  VerifyOptions options;
  options.original = folder_ / "m.gguf";
  options.candidate = kModel;
  const Verification result = verify(options, {});
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.notes, testing::Contains(testing::HasSubstr("the original is to be named first")));
}

}  // namespace
}  // namespace kerf::api
