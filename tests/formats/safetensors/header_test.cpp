#include "formats/safetensors/header.h"

#include <ctime>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "formats/safetensors/header_parser.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::safetensors {
namespace {

using test::as_bytes;
using test::expect_error;
using test::file_of;

constexpr std::string_view kTwoTensors =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
    R"("b":{"dtype":"I8","shape":[],"data_offsets":[8,9]}}  )";

Header parse(const std::string& file) { return parse_bytes(as_bytes(file), "t.safetensors"); }

/// Of this process: a busy machine does not count.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void expect_refused(const std::string& file, std::string_view part) {
  expect_error(ErrorCode::kInput, part, [&] { parse(file); });
}

TEST(SafetensorsHeader, ReadsNamesShapesRangesAndMetadata) {
  const Header header = parse(file_of(kTwoTensors, "123456789"));
  ASSERT_EQ(header.tensors.size(), 2U);
  EXPECT_EQ(header.metadata.at("format"), "pt");
  EXPECT_EQ(header.data_start, 8 + kTwoTensors.size());
  const Entry& a = header.tensors.at("a");
  EXPECT_EQ(a.dtype, DType::kF32);
  EXPECT_EQ(a.shape, (Shape{2, 1}));
  EXPECT_EQ(a.offset, header.data_start);
  EXPECT_EQ(a.bytes, 8U);
  const Entry& b = header.tensors.at("b");
  EXPECT_EQ(b.shape, Shape{});
  EXPECT_EQ(b.offset, header.data_start + 8);
}

// The example in the format's description (huggingface/safetensors, README), byte for byte.
TEST(SafetensorsHeader, ReadsTheSmallestFiles) {
  EXPECT_TRUE(parse(file_of("{}")).tensors.empty());
  const Header empty =
      parse(file_of(R"({"t":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}})", std::string(16, 0)));
  EXPECT_EQ(empty.tensors.at("t").shape, (Shape{2, 2}));
}

TEST(SafetensorsHeader, AcceptsEmptyTensorsAnywhere) {
  const Header header = parse(file_of(R"({"a":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},)"
                                      R"("b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                                      R"("c":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}})",
                                      "xy"));
  EXPECT_EQ(header.tensors.size(), 3U);
}

TEST(SafetensorsHeader, KnowsEveryDtypeByItsName) {
  for (const DType dtype :
       {DType::kF64, DType::kF32, DType::kF16, DType::kBF16, DType::kF8E4M3, DType::kF8E5M2, DType::kE8M0, DType::kI64,
        DType::kI32, DType::kI16, DType::kI8, DType::kU64, DType::kU32, DType::kU16, DType::kU8, DType::kBool}) {
    EXPECT_EQ(parse_format_dtype(format_dtype_name(dtype)), dtype) << format_dtype_name(dtype);
  }
  EXPECT_FALSE(parse_format_dtype("f32"));
}

TEST(SafetensorsHeader, RefusesAFileCutAtAnyByte) {
  const std::string whole = file_of(kTwoTensors, "123456789");
  ASSERT_NO_THROW(parse(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    expect_refused(whole.substr(0, size), "t.safetensors");
  }
  expect_refused(whole + "x", "1 bytes after the last tensor");
}

TEST(SafetensorsHeader, SaysWhatTheFileIsInstead) {
  expect_refused("", "is empty");
  expect_refused("123456\x01", "7 bytes");
  expect_refused("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "Git LFS pointer");
  expect_refused("<!DOCTYPE html><html><body>404</body></html>", "HTML page");
  expect_refused("\n  <html>", "HTML page");
  expect_refused(std::string("PK\x03\x04") + std::string(60, 'x'), "ZIP archive");
  expect_refused(file_of(200, R"({"a":)"), "unfinished download");
  expect_refused(file_of(R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", "12345"), "unfinished download");
  expect_refused("not a model, but a text", "is the text 'not a model, but a text'");
  expect_refused("no model and no text \x01 either", "is not a safetensors file");
}

// 640 = 0x280 and 0x04034B50 are how pickles and ZIP archives begin.
TEST(SafetensorsHeader, TakesNoLengthForASignature) {
  EXPECT_NO_THROW(parse(file_of("{}" + std::string(638, ' '))));
  EXPECT_NO_THROW(parse(file_of("{}" + std::string(0x04034B50 - 2, ' '))));
  expect_refused("\x80\x02}q\x01(X\x04", "pickle");
}

TEST(SafetensorsHeader, TakesNullForNoMetadata) {
  const Header header =
      parse(file_of(R"({"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "1"));
  EXPECT_TRUE(header.metadata.empty());
  EXPECT_TRUE(header.tensors.contains("a"));
}

struct Hostile {
  std::string json;
  std::string data;
  std::string message;
};

TEST(SafetensorsHeader, RefusesHostileHeaders) {
  const std::string a = R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  const std::string b = R"("b":{"dtype":"U8","shape":[4],"data_offsets":)";
  const auto entry = [](const std::string& body) { return "{\"t\":{" + body + "}}"; };
  const std::vector<Hostile> cases = {
      // Not the grammar.
      {"", "", "does not begin with '{'"},
      {"[]", "", "does not begin with '{'"},
      {" {}", "", "does not begin with '{'"},
      {"\xEF\xBB\xBF{}", "", "does not begin with '{'"},
      {"{", "", "not valid JSON"},
      {"{}x", "", "not valid JSON"},
      {std::string("{}\0", 3), "", "not valid JSON"},
      {std::string("{\0}", 3), "", "not valid JSON"},
      {"{\"\xC3\":{}}", "", "not valid JSON"},
      {R"({"\ud800":{}})", "", "not valid JSON"},
      {"{" + a + ",}", "1234", "not valid JSON"},
      {"{'a':{}}", "", "not valid JSON"},
      // Keys.
      {"{" + a + "," + a + "}", "1234", "'a' twice"},
      {"{" + a + R"(,"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}})", "1234", "'a' twice"},
      {R"({"__metadata__":{},"__metadata__":{}})", "", "'__metadata__' twice"},
      {R"({"__metadata__":{"k":"1","k":"2"}})", "", "'k' twice"},
      {entry(R"("dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0])"), "", "'dtype' twice"},
      {entry(R"("dtype":"U8","shape":[0],"data_offsets":[0,0],"scale":2)"), "", "has the key 'scale'"},
      // Kinds.
      {R"({"a":1})", "", "expected an object"},
      {R"({"a":[]})", "", "found an array"},
      {R"({"a":null})", "", "found null"},
      {R"({"__metadata__":null,"__metadata__":{}})", "", "'__metadata__' twice"},
      {R"({"__metadata__":{"k":null}})", "", "expected a string"},
      {R"({"__metadata__":{"k":1}})", "", "expected a string"},
      {R"({"__metadata__":{"k":{}}})", "", "expected a string"},
      {entry(R"("dtype":7,"shape":[0],"data_offsets":[0,0])"), "", "found a number in 'dtype'"},
      {entry(R"("dtype":"U8","shape":[[0]],"data_offsets":[0,0])"), "", "found an array in 'shape'"},
      {entry(R"("dtype":"U8","shape":["4"],"data_offsets":[0,0])"), "", "found a string in 'shape'"},
      {entry(R"("dtype":"U8","shape":[true],"data_offsets":[0,0])"), "", "found a boolean in 'shape'"},
      {entry(R"("dtype":"U8","shape":4,"data_offsets":[0,4])"), "1234", "found a number in 'shape'"},
      // Numbers.
      {entry(R"("dtype":"U8","shape":[4.0],"data_offsets":[0,4])"), "1234", "no 64-bit integer"},
      {entry(R"("dtype":"U8","shape":[4e0],"data_offsets":[0,4])"), "1234", "no 64-bit integer"},
      {entry(R"("dtype":"U8","shape":[-4],"data_offsets":[0,4])"), "1234", "negative number"},
      {entry(R"("dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,0])"), "", "no 64-bit integer"},
      {entry(R"("dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,0])"), "", "more than 63 bits"},
      {entry(R"("dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0])"), "", "overflows"},
      {entry(R"("dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0])"), "", "overflows"},
      {entry(R"("dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,0])"), "", "overflows"},
      {entry(R"("dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1])"), "1", "more than 8 dimensions"},
      // Entries that lack something or contradict themselves.
      {entry(R"("shape":[0],"data_offsets":[0,0])"), "", "has no dtype"},
      {entry(R"("dtype":"U8","data_offsets":[0,0])"), "", "has no shape"},
      {entry(R"("dtype":"U8","shape":[0])"), "", "no pair of data_offsets"},
      {entry(R"("dtype":"U8","shape":[0],"data_offsets":[0])"), "", "no pair of data_offsets"},
      {entry(R"("dtype":"U8","shape":[0],"data_offsets":[0,0,0])"), "", "more than two"},
      {entry(R"("dtype":"F4","shape":[2],"data_offsets":[0,1])"), "1", "has dtype 'F4'"},
      {entry(R"("dtype":"f32","shape":[1],"data_offsets":[0,4])"), "1234", "has dtype 'f32'"},
      {entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])"), "1234", "takes 8"},
      {entry(R"("dtype":"U8","shape":[2],"data_offsets":[4,2])"), "1234", "end before they begin"},
      // Ranges that overlap, leave holes or leave the file.
      {"{" + a + "," + b + "[0,4]}}", "1234", "inside the tensor before it"},
      {"{" + a + "," + b + "[2,6]}}", "123456", "inside the tensor before it"},
      {"{" + a + "," + b + "[5,9]}}", "123456789", "belong to no tensor"},
      {entry(R"("dtype":"U8","shape":[4],"data_offsets":[1,5])"), "12345", "belong to no tensor"},
      {"{" + a + R"(,"z":{"dtype":"U8","shape":[0],"data_offsets":[2,2]}})", "1234", "inside the tensor"},
      {entry(R"("dtype":"U8","shape":[5],"data_offsets":[0,5])"), "1234", "unfinished download"},
      {entry(R"("dtype":"U8","shape":[1],"data_offsets":[18446744073709551614,18446744073709551615])"), "1",
       "belong to no tensor"},
      {"{" + a + "}", "12345", "after the last tensor"},
      // Text that must not reach a terminal as it is.
      {"{\"\\u001b[31m\":7}", "", "'\\x1B[31m'"},
  };
  for (const Hostile& hostile : cases) {
    SCOPED_TRACE(hostile.json);
    expect_refused(file_of(hostile.json, hostile.data), hostile.message);
  }
}

TEST(SafetensorsHeader, MessagesOfLongNamesStayShort) {
  const std::string name(100'000, 'n');
  try {
    parse(file_of("{\"" + name + "\":7}"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_LT(std::string(error.what()).size(), 1000U);
  }
}

// Any other outcome than a header or an Error would end the test program.
TEST(SafetensorsHeader, SurvivesEveryByteChanged) {
  const std::string whole = file_of(kTwoTensors, "123456789");
  int refused = 0;
  for (std::size_t i = 0; i < whole.size() - 9; ++i) {
    for (const char byte : {'\0', '"', '{', '}', '[', ',', '9', '-', '\x7F', '\xFF'}) {
      std::string changed = whole;
      changed[i] = byte;
      try {
        parse(changed);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInput);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 1000);
}

/// A scan over earlier tensors takes minutes of processor time here, this reader a third of a second; the rest is for
/// sanitizers on slow machines.
TEST(SafetensorsHeader, OpensManyTensorsQuickly) {
  constexpr int kCount = 100'000;
  std::string json = "{";
  for (int i = 0; i < kCount; ++i) {
    json += (i == 0 ? "\"" : ",\"") + ("model.layers." + std::to_string(i)) +
            R"(.self_attn.q_proj.weight":{"dtype":"U8","shape":[1],"data_offsets":[)" + std::to_string(i) + "," +
            std::to_string(i + 1) + "]}";
  }
  const std::string file = file_of(json + "}", std::string(kCount, 'x'));
  const double begin = processor_seconds();
  EXPECT_EQ(parse(file).tensors.size(), static_cast<std::size_t>(kCount));
  EXPECT_LT(processor_seconds() - begin, 6.0);
}

// A document built from this would take gigabytes; the ninth dimension ends it.
TEST(SafetensorsHeader, EndsHugeHeadersEarly) {
  std::string json = R"({"a":{"dtype":"U8","shape":[)";
  for (int i = 0; i < 10'000'000; ++i) json += "0,";
  const std::string file = file_of(json);
  const double begin = processor_seconds();
  expect_refused(file, "more than 8 dimensions");
  EXPECT_LT(processor_seconds() - begin, 1.0);
}

TEST(SafetensorsHeader, ComparesTheLengthWithLimitAndFile) {
  expect_refused(file_of(kMaxHeaderBytes + 1, "{}"), "more than 100000000");
  expect_refused(file_of(~std::uint64_t{0}, "{}"), "more than 100000000");
  expect_refused(file_of(3, "{}"), "unfinished download");
}

}  // namespace
}  // namespace kerf::formats::safetensors
