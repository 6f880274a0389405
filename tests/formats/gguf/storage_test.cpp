#include "formats/gguf/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "tests/support/gguf_model.h"

namespace kerf::formats::gguf {
namespace {

using ::testing::HasSubstr;

std::string why(std::string_view scheme, std::int64_t cols = 128) {
  return refusal(codec::parse_scheme(scheme), 4, cols).value_or("held");
}

TEST(GgufStorage, HoldsFloats) {
  for (const char* scheme : {"f32", "f16", "bf16"}) {
    EXPECT_EQ(why(scheme, 7), "held");
    EXPECT_EQ(storage_for(codec::parse_scheme(scheme), 4, 7).type->name, scheme);
  }
  EXPECT_THAT(why("none"), HasSubstr("source's dtype"));
}

TEST(GgufStorage, HoldsWhatBlocksHold) {
  const std::pair<const char*, const char*> held[] = {
      {"q4_0", "q4_0"},         {"int4-g32", "q4_0"},     {"int8-g32", "q8_0"}, {"int5-g32", "q5_0"},
      {"int4-g32-min", "q4_1"}, {"int5-g32-min", "q5_1"}, {"int4-g64", "q4_0"}, {"int4-g128", "q4_0"},
      {"int8", "q8_0"},         {"int8-tensor", "q8_0"},  {"int4", "q4_0"},     {"int5-g96-min", "q5_1"},
      {"int4-g64-min", "q4_1"},
  };
  for (const auto& [scheme, block] : held) {
    EXPECT_EQ(why(scheme, 384), "held") << scheme;
    EXPECT_EQ(storage_for(codec::parse_scheme(scheme), 4, 384).type->name, block) << scheme;
  }
}

TEST(GgufStorage, SaysWhyNot) {
  EXPECT_THAT(why("int4-g32-asym"), HasSubstr("GGUF has no block with integer zero points (int4-g32-asym)"));
  EXPECT_THAT(why("int4-g32", 48), HasSubstr("q4_0 needs rows of a multiple of 32 columns, not 48"));
  EXPECT_THAT(why("int8", 100), HasSubstr("q8_0 needs rows of a multiple of 32 columns, not 100"));
  EXPECT_THAT(why("int4-g16"), HasSubstr("q4_0 has a scale for 32 columns, which do not divide groups of 16"));
  EXPECT_THAT(why("int4-g48"), HasSubstr("do not divide groups of 48"));
  EXPECT_THAT(why("int3-g32"), HasSubstr("GGUF has no block for int3-g32; it has q8_0 (int8-g32), "));
  EXPECT_THAT(why("int8-g32-min"), HasSubstr("GGUF has no block for int8-g32-min"));
  EXPECT_THAT(why("q4_k", 128), HasSubstr("q4_k needs rows of a multiple of 256 columns, not 128"));
  EXPECT_THAT(why("nf4-g32"), HasSubstr("GGUF has no block for nf4-g32"));
  EXPECT_THAT(why("mxfp8"), HasSubstr("GGUF has no block for mxfp8"));
  codec::Scheme wide = codec::parse_scheme("int4-g32");
  wide.scale_dtype = DType::kF32;
  EXPECT_THAT(refusal(wide, 4, 128).value_or("held"), HasSubstr("q4_0 has scales of f16, not f32"));
}

TEST(GgufStorage, NarrowerGroupsKeepEveryValue) {
  Random random(3);
  Tensor weights(DType::kF32, {5, 160});
  for (float& value : weights.values<float>()) value = static_cast<float>(random.uniform() - 0.5);
  const auto source = graph::make_memory_source(weights, "weights");
  for (const char* name : {"int4-g64", "int4-g128", "int8", "int8-tensor", "int4-g64-min", "int5-g96-min"}) {
    const codec::Scheme scheme = codec::parse_scheme(name);
    const codec::QuantizedTensor wide = test::quantize_to_nearest(*source, scheme);
    const codec::Scheme stored = storage_for(scheme, 5, 160).scheme;
    const codec::QuantizedTensor narrow = with_narrower_groups(wide, stored);
    EXPECT_EQ(narrow.scheme.group_size, 32);
    std::vector<float> before(5 * 160), after(5 * 160);
    codec::dequantize_rows(wide, 0, 5, before.data());
    codec::dequantize_rows(narrow, 0, 5, after.data());
    EXPECT_EQ(before, after) << name;
  }
}

}  // namespace
}  // namespace kerf::formats::gguf
