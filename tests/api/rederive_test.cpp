#include "api/rederive.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/output.h"
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
  void write(const std::string& output, const std::string& format = "") {
    QuantizeOptions options;
    options.model = kModel;
    options.outputs = {{folder_ / output, format, {}}};
    options.choice.scheme = "int4-g32";
    quantize(options, {});
  }
  Verification check(const std::string& candidate, bool again = false, const std::string& original = kModel) {
    VerifyOptions options;
    options.original = original;
    options.candidate = folder_ / candidate;
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

}  // namespace
}  // namespace kerf::api
