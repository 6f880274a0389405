#include "formats/gguf/ggml_types.h"

#include <gtest/gtest.h>

#include "codec/block_codec.h"

namespace kerf::formats::gguf {
namespace {

TEST(GgmlTypes, KnowEveryBlockThatTheCodecsKnow) {
  for (const codec::BlockCodec* block : codec::block_codecs()) {
    const GgmlType* type = find_ggml_type(block->ggml_type);
    ASSERT_NE(type, nullptr) << block->name;
    EXPECT_EQ(type->name, block->name);
    EXPECT_EQ(type->block_size, block->block_size);
    EXPECT_EQ(type->block_bytes, block->block_bytes);
    EXPECT_GE(type->file_type, 0);
  }
}

TEST(GgmlTypes, PlainTypesHaveTheirDtype) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const GgmlType* type = find_ggml_type(dtype);
    ASSERT_NE(type, nullptr);
    EXPECT_EQ(type->dtype, dtype);
    EXPECT_EQ(static_cast<std::size_t>(type->block_bytes), dtype_bytes(dtype));
  }
  EXPECT_EQ(find_ggml_type(DType::kF64), nullptr);
  EXPECT_EQ(find_ggml_type(DType::kF8E4M3), nullptr);
}

TEST(GgmlTypes, RemovedAndUnknownNumbersAreNone) {
  for (const std::uint32_t id : {4U, 5U, 31U, 32U, 33U, 36U, 37U, 38U, 43U, 1000U}) {
    EXPECT_EQ(find_ggml_type(id), nullptr) << id;
    EXPECT_EQ(ggml_type_label(id), "unknown type " + std::to_string(id));
  }
  EXPECT_EQ(ggml_type_label(14), "q6_k");
}

}  // namespace
}  // namespace kerf::formats::gguf
