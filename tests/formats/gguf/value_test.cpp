#include "formats/gguf/value.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf::formats::gguf {
namespace {

using testing::ElementsAre;

std::vector<std::string> keys_of(const Metadata& metadata) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : metadata) keys.push_back(key);
  return keys;
}

// The numbers are the file's: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, gguf_metadata_value_type.
TEST(GgufValue, TypesHaveTheFilesNumbers) {
  const std::vector<std::pair<Value, std::uint32_t>> values = {{std::uint8_t{1}, 0},
                                                               {std::int8_t{1}, 1},
                                                               {std::uint16_t{1}, 2},
                                                               {std::int16_t{1}, 3},
                                                               {std::uint32_t{1}, 4},
                                                               {std::int32_t{1}, 5},
                                                               {1.0F, 6},
                                                               {true, 7},
                                                               {std::string("x"), 8},
                                                               {Array{}, 9},
                                                               {std::uint64_t{1}, 10},
                                                               {std::int64_t{1}, 11},
                                                               {1.0, 12}};
  ASSERT_EQ(values.size(), kValueTypeCount);
  for (const auto& [value, number] : values) EXPECT_EQ(static_cast<std::uint32_t>(type_of(value)), number);
}

TEST(GgufValue, ElementsHaveTheNumbersOfValues) {
  EXPECT_EQ(Array{std::vector<std::uint8_t>{}}.element_type(), ValueType::kU8);
  EXPECT_EQ(Array{std::vector<bool>{true}}.element_type(), ValueType::kBool);
  EXPECT_EQ(Array{std::vector<std::string>{}}.element_type(), ValueType::kString);
  EXPECT_EQ(Array{std::vector<Array>{}}.element_type(), ValueType::kArray);
  EXPECT_EQ(Array{std::vector<double>{}}.element_type(), ValueType::kF64);
}

TEST(GgufValue, TypesHaveNames) {
  EXPECT_EQ(value_type_name(ValueType::kU8), "u8");
  EXPECT_EQ(value_type_name(ValueType::kF32), "f32");
  EXPECT_EQ(value_type_name(ValueType::kArray), "array");
  EXPECT_EQ(value_type_name(ValueType::kF64), "f64");
}

TEST(GgufValue, ArraysKnowTheirSize) {
  EXPECT_EQ(Array{}.size(), 0U);
  EXPECT_EQ((Array{std::vector<bool>{true, false, true}}.size()), 3U);
  EXPECT_EQ((Array{std::vector<Array>{Array{std::vector<float>{1, 2}}}}.size()), 1U);
}

TEST(GgufValue, EqualNumbersOfOtherTypesDiffer) {
  EXPECT_NE(Value(std::uint32_t{1}), Value(std::int32_t{1}));
  EXPECT_NE((Array{std::vector<std::int32_t>{1}}), (Array{std::vector<std::uint32_t>{1}}));
  EXPECT_EQ((Array{std::vector<Array>{Array{std::vector<float>{1}}}}),
            (Array{std::vector<Array>{Array{std::vector<float>{1}}}}));
}

TEST(GgufMetadata, KeepsTheOrderOfKeys) {
  Metadata metadata;
  for (const char* key : {"b", "a", "c"}) EXPECT_TRUE(metadata.append(key, true));
  metadata.set("a", std::uint8_t{2});
  metadata.set("d", false);
  EXPECT_THAT(keys_of(metadata), ElementsAre("b", "a", "c", "d"));
  EXPECT_EQ(*metadata.find("a"), Value(std::uint8_t{2}));
  EXPECT_EQ(metadata.size(), 4U);
}

TEST(GgufMetadata, AppendingAKeyTwiceChangesNothing) {
  Metadata metadata;
  EXPECT_TRUE(metadata.append("key", std::uint8_t{1}));
  EXPECT_FALSE(metadata.append("key", std::uint8_t{2}));
  EXPECT_EQ(*metadata.find("key"), Value(std::uint8_t{1}));
  EXPECT_EQ(metadata.size(), 1U);
}

TEST(GgufMetadata, KeysAreFoundExactly) {
  Metadata metadata;
  metadata.set("", true);
  metadata.set(std::string("a\0b", 3), std::uint8_t{3});
  EXPECT_NE(metadata.find(""), nullptr);
  EXPECT_NE(metadata.find(std::string_view("a\0b", 3)), nullptr);
  EXPECT_EQ(metadata.find("a"), nullptr);
  EXPECT_EQ(metadata.find("A"), nullptr);
  EXPECT_EQ(Metadata().find("a"), nullptr);
}

TEST(GgufMetadata, CopiesAreIndependent) {
  Metadata first;
  first.set("key", std::uint8_t{1});
  Metadata second = first;
  second.set("key", std::uint8_t{2});
  EXPECT_EQ(*first.find("key"), Value(std::uint8_t{1}));
  EXPECT_EQ(*second.find("key"), Value(std::uint8_t{2}));
}

}  // namespace
}  // namespace kerf::formats::gguf
