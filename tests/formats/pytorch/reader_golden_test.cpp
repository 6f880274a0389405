// Files that PyTorch wrote (tests/golden/make_pytorch.py), each beside the same tensors as safetensors.

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "formats/pytorch/reader.h"
#include "formats/weight_files.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"

namespace kerf::formats {
namespace {

const std::string kGolden = test::source_dir() + "/tests/golden/pytorch";

void expect_equal(const safetensors::StoredTensors& found, const std::string& expected_file) {
  const safetensors::Reader expected(expected_file);
  EXPECT_EQ(found.size(), expected.header().tensors.size());
  for (const auto& [name, entry] : expected.header().tensors) {
    SCOPED_TRACE(name);
    const auto tensor = found.find(name);
    ASSERT_NE(tensor, found.end());
    EXPECT_EQ(tensor->second.entry.dtype, entry.dtype);
    EXPECT_EQ(tensor->second.entry.shape, entry.shape);
    const Tensor mine = tensor->second.read(), wanted = expected.read_tensor(name);
    ASSERT_EQ(mine.bytes(), wanted.bytes());
    EXPECT_TRUE(std::equal(mine.raw(), mine.raw() + mine.bytes(), wanted.raw()));
  }
}

TEST(PyTorchGolden, ModelsHoldWhatPyTorchSaved) {
  int cases = 0;
  for (const std::string& name : list_directory(kGolden)) {
    const std::string folder = join_path(kGolden, name), expected = join_path(folder, "expected.safetensors");
    if (!path_exists(expected) || !path_exists(join_path(folder, "config.json"))) continue;
    SCOPED_TRACE(name);
    std::vector<std::string> notes;
    expect_equal(open_weights(folder, {.allow_bin = true}, notes), expected);
    ++cases;
  }
  EXPECT_GE(cases, 9);
}

TEST(PyTorchGolden, TensorsOfEveryDtype) {
  std::vector<std::string> notes;
  expect_equal(pytorch::open_checkpoint_file(kGolden + "/dtypes/tensors.bin", notes),
               kGolden + "/dtypes/expected.safetensors");
}

TEST(PyTorchGolden, AModuleIsCode) {
  std::vector<std::string> notes;
  test::expect_error(ErrorCode::kInput, "the pickle names 'torch.nn.modules.linear' 'Linear', which is code",
                     [&] { pytorch::open_checkpoint_file(kGolden + "/module/pytorch_model.bin", notes); });
}

/// A tied head is stored once.
TEST(PyTorchGolden, TiedWeightsShareTheirBytes) {
  for (const std::string name : {"tied", "legacy-tied"}) {
    std::vector<std::string> notes;
    const auto tensors = open_weights(kGolden + "/" + name, {.allow_bin = true}, notes);
    EXPECT_EQ(tensors.at("lm_head.weight").entry.offset, tensors.at("model.embed_tokens.weight").entry.offset);
  }
}

}  // namespace
}  // namespace kerf::formats
