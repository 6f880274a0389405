#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kerf/kerf.h"

#include "formats/gguf/importance.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf {
namespace {

using formats::gguf::read_importance_file;

std::string golden(const std::string& name) { return test::source_dir() + "/tests/golden/importance/" + name; }
std::string example() { return test::source_dir() + "/examples/tiny-llama"; }

CalibrateOptions options_for(const std::string& calibration) {
  CalibrateOptions options;
  options.model = example();
  options.calibration.text.files = {calibration};
  options.calibration.context = 64;
  return options;
}

/// The text that llama.cpp's own tool has seen gives what it found.
TEST(CalibrateImportance, IsLlamaCpps) {
  const test::TempDir folder;
  CalibrateOptions options = options_for(golden("text.txt"));
  options.importance_output = folder.path() + "/i.gguf";
  calibrate(options, {});
  const auto found = read_importance_file(options.importance_output),
             expected = read_importance_file(golden("tiny-llama.gguf"));
  EXPECT_EQ(found.chunks, expected.chunks);
  EXPECT_EQ(found.chunk_size, expected.chunk_size);
  EXPECT_EQ(found.datasets, expected.datasets);
  ASSERT_EQ(found.entries.size(), expected.entries.size());
  for (std::size_t e = 0; e < found.entries.size(); ++e) {
    ASSERT_EQ(found.entries[e].name, expected.entries[e].name);
    EXPECT_EQ(found.entries[e].counts, expected.entries[e].counts);
    for (std::size_t i = 0; i < found.entries[e].sums.size(); ++i) {
      // llama.cpp keeps keys and values as f16.
      ASSERT_NEAR(found.entries[e].sums[i], expected.entries[e].sums[i], 2e-3F * expected.entries[e].sums[i]);
    }
  }
}

TEST(CalibrateImportance, IsMadeOfSavedStatisticsToo) {
  const test::TempDir folder;
  CalibrateOptions options = options_for(golden("tiny-llama.dat"));
  options.output = folder.path() + "/s.safetensors";
  calibrate(options, {});
  CalibrateOptions again = options_for(options.output);
  again.importance_output = folder.path() + "/i.gguf";
  calibrate(again, {});
  const auto first = read_importance_file(golden("tiny-llama.dat")),
             last = read_importance_file(again.importance_output);
  ASSERT_EQ(first.entries.size(), last.entries.size());
  EXPECT_EQ(first.entries[5].sums, last.entries[5].sums);
  EXPECT_EQ(first.entries[5].counts, last.entries[5].counts);
  again.hessian = true;
  test::expect_error(ErrorCode::kUsage, "--hessian needs text", [&] { calibrate(again, {}); });
}

TEST(QuantizeByImportance, IsTheDefaultWithSuchAFile) {
  const test::TempDir folder;
  QuantizeOptions options;
  options.model = example();
  options.outputs = {{folder.path() + "/m.gguf", ""}};
  options.choice.scheme = "q4_0";
  options.calibration.text.files = {golden("tiny-llama.gguf")};
  const QuantizeResult result = quantize(options, {});
  EXPECT_THAT(result.chosen, testing::HasSubstr("method imatrix (default with an importance file"));
  ASSERT_EQ(result.sites.size(), 28U);
  for (const SiteReport& site : result.sites) {
    EXPECT_EQ(site.method, "imatrix");
    EXPECT_EQ(site.tokens, 384);
    EXPECT_LT(site.objective, site.rtn_objective);
    EXPECT_EQ(site.rank, -1) << "nothing is known of pairs of channels";
  }
  options.choice.method = "gptq";
  options.outputs[0].path = folder.path() + "/n.gguf";
  test::expect_error(ErrorCode::kUsage, "gptq needs outer_product", [&] { quantize(options, {}); });
}

TEST(SavedStatistics, StandAloneAndAreNoText) {
  const test::TempDir folder;
  QuantizeOptions options;
  options.model = example();
  options.outputs = {{folder.path() + "/m.gguf", ""}};
  options.calibration.text.files = {golden("tiny-llama.gguf"), example() + "/calibration.txt"};
  test::expect_error(ErrorCode::kUsage, "tiny-llama.gguf: saved statistics cannot be combined with other calibration",
                     [&] { quantize(options, {}); });
  options.calibration.text.files.pop_back();
  options.target.kl = 0.01;
  test::expect_error(ErrorCode::kUsage, "a target needs text to measure on, not saved statistics",
                     [&] { quantize(options, {}); });
}

}  // namespace
}  // namespace kerf
