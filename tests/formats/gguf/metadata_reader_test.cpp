#include "formats/gguf/metadata_reader.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;

class GgufMetadataReader : public testing::Test {
 protected:
  template <typename Get>
  void expect_refused(const Value& value, std::string_view message, Get get) {
    metadata_.set("key", value);
    expect_error(ErrorCode::kInput, message, [&] { get(MetadataReader(metadata_, "model.gguf")); });
    expect_error(ErrorCode::kInput, "model.gguf: key 'key'", [&] { get(MetadataReader(metadata_, "model.gguf")); });
  }
  MetadataReader with(const Value& value) {
    metadata_.set("key", value);
    return {metadata_, "model.gguf"};
  }
  Metadata metadata_;
};

TEST_F(GgufMetadataReader, TakesIntegersOfAnyType) {
  EXPECT_EQ(with(std::uint8_t{200}).integer("key"), 200);
  EXPECT_EQ(with(std::int8_t{-2}).integer("key"), -2);
  EXPECT_EQ(with(std::uint16_t{3}).integer("key"), 3);
  EXPECT_EQ(with(std::int32_t{-4}).integer("key"), -4);
  EXPECT_EQ(with(std::uint64_t{5}).integer("key"), 5);
  EXPECT_EQ(with(Array{std::vector<std::uint32_t>{8, 8, 8}}).integer("key"), 8);
  EXPECT_EQ(with(std::uint8_t{1}).integer("absent"), std::nullopt);
}

TEST_F(GgufMetadataReader, RefusesWhatIsNoInteger) {
  const auto get = [](const MetadataReader& reader) { reader.integer("key"); };
  expect_refused(1.0F, "found a value of type f32", get);
  expect_refused(true, "found a value of type bool", get);
  expect_refused(std::string("1"), "found a value of type string", get);
  expect_refused(~std::uint64_t{0}, "found a value of type u64", get);
  expect_refused(Array{std::vector<std::uint32_t>{8, 4}}, "found a value of type array of u32", get);
  expect_refused(Array{std::vector<std::uint32_t>{}}, "array of u32", get);
  expect_refused(Array{std::vector<float>{1}}, "array of f32", get);
  expect_refused(std::uint32_t{11}, "found 11, expected 1 to 10",
                 [](const MetadataReader& reader) { reader.integer_in("key", 1, 10); });
}

TEST_F(GgufMetadataReader, ReadsF32AsTheShortestDecimal) {
  EXPECT_EQ(with(1e-5F).number("key"), 1e-5);
  EXPECT_EQ(with(1e-6F).number("key"), 1e-6);
  EXPECT_EQ(with(500000.0F).number("key"), 500000.0);
  EXPECT_EQ(with(-0.1F).number("key"), -0.1);
  EXPECT_EQ(with(1.0F / 3).number("key"), 0.33333334);
  EXPECT_EQ(with(0.1).number("key"), 0.1);
  EXPECT_EQ(static_cast<float>(*with(16777217.0F).number("key")), 16777216.0F);
}

TEST_F(GgufMetadataReader, RefusesNumbersThatAreNotFinite) {
  const auto get = [](const MetadataReader& reader) { reader.number("key"); };
  expect_refused(std::numeric_limits<float>::infinity(), "found inf", get);
  expect_refused(std::numeric_limits<float>::quiet_NaN(), "found nan", get);
  expect_refused(std::numeric_limits<double>::infinity(), "found inf", get);
  expect_refused(std::uint32_t{1}, "expected f32 or f64", get);
}

TEST_F(GgufMetadataReader, ChecksTextFlagsAndLists) {
  EXPECT_EQ(with(std::string("x")).text("key"), "x");
  EXPECT_EQ(with(true).flag("key"), true);
  EXPECT_EQ(with(Array{std::vector<std::string>{"x"}}).texts("key")->size(), 1U);
  EXPECT_EQ(with(Array{std::vector<std::int32_t>{1}}).i32s("key")->size(), 1U);
  EXPECT_EQ(with(true).texts("absent"), nullptr);
  expect_refused(std::string("\xFF"), "expected valid UTF-8", [](const auto& reader) { reader.text("key"); });
  expect_refused(std::uint8_t{1}, "expected string", [](const auto& reader) { reader.text("key"); });
  expect_refused(std::uint8_t{1}, "expected bool", [](const auto& reader) { reader.flag("key"); });
  expect_refused(Array{std::vector<float>{1}}, "expected array of string",
                 [](const auto& reader) { reader.texts("key"); });
  expect_refused(std::string("1"), "expected array of i32", [](const auto& reader) { reader.i32s("key"); });
}

}  // namespace
}  // namespace kerf::formats::gguf
