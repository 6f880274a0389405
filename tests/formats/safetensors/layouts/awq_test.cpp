#include <gtest/gtest.h>

#include "formats/safetensors/layouts/layout.h"
#include "tests/formats/safetensors/layouts/module_file.h"

namespace kerf::formats::safetensors {
namespace {

using kerf::test::bytes_of;
using test_layouts::encoded_part;
using test_layouts::ModuleFile;

const LayoutInfo& awq() { return *find_layout("awq"); }

/// A module 'm' of [8, 2] in groups of 2. The nibbles of a word, low first, are channels 0 2 4 6 1 3 5 7: the codes of
/// column 0 are 0 to 7 for these channels, of column 1 all 15. Zero points are the channels' numbers, scales 1.
ModuleFile small() {
  ModuleFile file("awq");
  file.parts["m.qweight"] = {"I32", "[2,1]", bytes_of<std::uint32_t>({0x75316420, 0xFFFFFFFF})};
  file.parts["m.qzeros"] = {"I32", "[1,1]", bytes_of<std::uint32_t>({0x75316420})};
  file.parts["m.scales"] = {"F16", "[1,8]",
                            bytes_of<std::uint16_t>({0x3C00, 0x3C00, 0x3C00, 0x4000, 0x3C00, 0x3C00, 0x3C00, 0x3C00})};
  file.config = R"({"quant_method":"awq","bits":4,"group_size":2,"version":"gemm","zero_point":true})";
  return file;
}

TEST(Awq, ReadsTheInterleavedChannels) {
  ModuleFile file = small();
  // code - zero point, channel 3 with a scale of 2.
  EXPECT_EQ(file.values(), (std::vector<float>{0, 15, 0, 14, 0, 13, 0, 24, 0, 11, 0, 10, 0, 9, 0, 8}));
  EXPECT_EQ(file.source()->scheme()->name, "int4-g2-asym");
  std::vector<float> row(4);
  file.source()->read_rows(2, 2, row.data());
  EXPECT_EQ(row, (std::vector<float>{0, 13, 0, 24}));
}

TEST(Awq, ZeroPointsOfEightAreSymmetric) {
  ModuleFile file = small();
  file.parts["m.qzeros"].data = bytes_of<std::uint32_t>({0x88888888});
  file.config = R"({"w_bit":4,"q_group_size":-1,"version":"GEMM"})";
  EXPECT_EQ(file.source()->scheme()->name, "int4");
  EXPECT_EQ(file.values()[1], 7);
}

TEST(Awq, RefusesWhatItCannotRead) {
  ModuleFile file = small();
  file.expect_config_refused(R"({"version":"gemv"})", "found 'gemv', expected gemm");
  file.expect_config_refused(R"({"version":"gemv_fast"})", "'gemv_fast'");
  file.expect_config_refused(R"({"version":"marlin"})", "'marlin'");
  file.expect_config_refused(R"({"backend":"llm-awq"})", "another layout");
  file.expect_config_refused(R"({"bits":8})", "expected 4");
  file.expect_config_refused(R"({"group_size":0})", "found 0");
  file.expect_config_refused(R"({"group_size":3})", "groups of 3 do not divide");
  file.expect_refused_without("m.qzeros", "has no 'm.qzeros' beside it");
  file.expect_refused_without("m.scales", "has no 'm.scales' beside it");
  file.expect_refused_without("m.qweight", "no tensor holds codes");
  file.expect_refused("m.qweight", {"I32", "[2]", std::string(8, 0)}, "expected a matrix of i32");
  file.expect_refused("m.qzeros", {"I32", "[2,1]", std::string(8, 0)}, "expected [1, 1] of i32");
  file.expect_refused("m.scales", {"F16", "[8,1]", std::string(16, 0)}, "expected [1, 8]");
  file.expect_refused("m.weight", {"F32", "[1]", std::string(4, 0)}, "stands beside 'm.weight'");
}

TEST(Awq, WritesTheInterleavedChannels) {
  codec::QuantizedTensor weight = codec::make_quantized(codec::parse_scheme("int4-g8-asym"), 8, 8);
  for (std::size_t row = 0; row < 8; ++row) {
    weight.codes[row * 8] = static_cast<std::uint8_t>(row);
    weight.zero_points[row] = static_cast<std::uint8_t>(15 - row);
  }
  const auto encoded = awq().encode("m", weight, nullptr);
  EXPECT_EQ(encoded_part(encoded, "m.qweight").substr(0, 8), bytes_of<std::uint32_t>({0x75316420, 0}));
  EXPECT_EQ(encoded_part(encoded, "m.qzeros"), bytes_of<std::uint32_t>({0x8ACE9BDF}));
}

TEST(Awq, RefusesWhatItCannotHold) {
  const auto why = [](std::string_view scheme, std::int64_t rows = 64, std::int64_t cols = 96) {
    return awq().refusal(codec::parse_scheme(scheme), rows, cols).value_or("held");
  };
  EXPECT_EQ(why("int4-g32"), "held");
  EXPECT_EQ(why("int4-asym"), "held");
  EXPECT_NE(why("int8-g32").find("8 bits, awq has 4"), std::string::npos);
  EXPECT_NE(why("int4-g32-min").find("stores a minimum, which awq cannot"), std::string::npos);
  EXPECT_NE(why("int4-g64").find("do not divide 96"), std::string::npos);
  EXPECT_NE(why("int4-g32", 60).find("60 output channels"), std::string::npos);
  EXPECT_NE(why("int4-tensor").find("int4"), std::string::npos);
}

TEST(Awq, OneGroupSizeHasToDo) {
  const codec::Scheme a = codec::parse_scheme("int4-g32"), b = codec::parse_scheme("int4-g64");
  const Json config = awq().config({.quantized = {{"x", a}}, .unquantized = {"lm_head"}});
  EXPECT_EQ(config.dump(), R"({"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": true, )"
                           R"("version": "gemm", "modules_to_not_convert": ["lm_head"]})");
  kerf::test::expect_error(ErrorCode::kUsage, "int4-g32 beside int4-g64 are not held", [&] {
    awq().config({.quantized = {{"x", a}, {"y", b}}, .unquantized = {}});
  });
  kerf::test::expect_error(ErrorCode::kUsage, "--head", [&] {
    awq().config({.quantized = {{"lm_head", a, true}}, .unquantized = {}});
  });
}

}  // namespace
}  // namespace kerf::formats::safetensors
