#include "emit/ending.h"

#include <gtest/gtest.h>

namespace kerf::emit {
namespace {

TEST(EndingOf, IsWhatLooksLikeAKindOfFile) {
  EXPECT_EQ(ending_of("out/model.GGUFF"), ".gguff");
  EXPECT_EQ(ending_of("a.b/model.tar.gz"), ".gz");
  for (const char* path : {"model", "a.gguf/model", "model-v0.5", "Qwen2.5-7B", ".hidden", "model.", "../model", ""}) {
    EXPECT_EQ(ending_of(path), "") << path;
  }
}

}  // namespace
}  // namespace kerf::emit
