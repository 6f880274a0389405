#include "formats/pytorch/globals.h"

#include <gtest/gtest.h>

namespace kerf::formats::pytorch {
namespace {

TEST(Globals, NamesStandForWhatTheyMean) {
  const Global* storage = find_global("torch", "BFloat16Storage");
  ASSERT_NE(storage, nullptr);
  EXPECT_EQ(storage->meaning, Meaning::kStorage);
  EXPECT_EQ(storage->dtype, DType::kBF16);
  EXPECT_EQ(find_global("torch", "float8_e5m2")->dtype, DType::kF8E5M2);
  EXPECT_EQ(find_global("collections", "OrderedDict")->meaning, Meaning::kOrderedDict);
}

TEST(Globals, ModuleAndNameBothCount) {
  for (const auto& [module, name] :
       {std::pair("os", "system"), std::pair("torch.storage", "FloatStorage"), std::pair("collections", "FloatStorage"),
        std::pair("torch", "_rebuild_tensor_v2"), std::pair("", ""), std::pair("torch", "")}) {
    EXPECT_EQ(find_global(module, name), nullptr) << module << " " << name;
  }
}

}  // namespace
}  // namespace kerf::formats::pytorch
