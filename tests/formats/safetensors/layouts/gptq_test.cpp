#include "formats/safetensors/layouts/gptq.h"

#include <gtest/gtest.h>

#include "tests/formats/safetensors/layouts/module_file.h"

namespace kerf::formats::safetensors::gptq {
namespace {

using kerf::test::bytes_of;
using test_layouts::encoded_part;
using test_layouts::ModuleFile;

/// A module 'm' of [2, 8] with 4 bits in groups of 4: two output channels, one word of codes each. The first channel's
/// codes are 0 to 7, the second's 15 down to 8; scales 1, 2 and 0.5, 4; zero points 8, 9 and 7, 8 (less one in v1).
ModuleFile small(bool v2 = false) {
  ModuleFile file("gptq");
  file.parts["m.qweight"] = {"I32", "[1,2]", bytes_of<std::uint32_t>({0x76543210, 0x89ABCDEF})};
  file.parts["m.qzeros"] = {"I32", "[2,1]",
                            v2 ? bytes_of<std::uint32_t>({0x98, 0x87}) : bytes_of<std::uint32_t>({0x87, 0x76})};
  file.parts["m.scales"] = {"F16", "[2,2]", bytes_of<std::uint16_t>({0x3C00, 0x4000, 0x3800, 0x4400})};
  file.parts["m.g_idx"] = {"I32", "[8]", bytes_of<std::int32_t>({0, 0, 0, 0, 1, 1, 1, 1})};
  file.config = R"({"quant_method":"gptq","bits":4,"group_size":4,"sym":false})";
  if (v2) file.config = R"({"bits":4,"group_size":4,"sym":false,"checkpoint_format":"gptq_v2"})";
  return file;
}

// By hand: scale * (code - zero point).
const std::vector<float> kValues = {-8, -7, -6, -5, -1.5F, -1, -0.5F, 0, 12, 10, 8, 6, 12, 8, 4, 0};

TEST(Gptq, ReadsBothFormats) {
  EXPECT_EQ(small(false).values(), kValues);
  EXPECT_EQ(small(true).values(), kValues);
  EXPECT_EQ(small().source()->scheme()->name, "int4-g4-asym");
  EXPECT_EQ(small().source()->stored_bytes(), 8U + 8 + 8 + 32);
}

TEST(Gptq, TakesAConfigThatNamesNoFormatForTheFirst) {
  ModuleFile file = small(true);
  file.config = R"({"bits":4,"group_size":4,"sym":false})";
  EXPECT_EQ(file.values()[0], -9);  // one step off: the file should have said gptq_v2
  file.config = R"({"bits":4,"group_size":4,"sym":false,"format":"gptq_v2"})";
  EXPECT_EQ(file.values(), kValues);
}

TEST(Gptq, ReadsColumnsInAnyOrderOfGroups) {
  ModuleFile file = small();
  file.parts["m.g_idx"] = {"I32", "[8]", bytes_of<std::int32_t>({1, 0, 1, 0, 0, 0, 1, 1})};
  const std::vector<float> values = file.values();
  EXPECT_EQ(values[0], 0.5F * (0 - 7));
  EXPECT_EQ(values[1], 1.0F * (1 - 8));
  EXPECT_EQ(values[8 + 2], 4.0F * (13 - 8));
  EXPECT_EQ(values[8 + 4], 2.0F * (11 - 9));
  EXPECT_FALSE(file.source()->scheme());
  EXPECT_FALSE(file.source()->read_quantized());
  EXPECT_EQ(file.source()->rounded_to()->name, "int4-g4-asym");
  EXPECT_EQ(file.source()->stored_as(), "int4-g4-asym (act-order)");
}

TEST(Gptq, ZeroPointsSayWhetherItIsSymmetric) {
  ModuleFile file = small();
  file.config = R"({"bits":4,"group_size":4,"sym":true})";
  EXPECT_EQ(file.source()->scheme()->name, "int4-g4-asym");
  EXPECT_EQ(file.values(), kValues);
  file.parts["m.qzeros"].data = bytes_of<std::uint32_t>({0x77, 0x77});
  EXPECT_EQ(file.source()->scheme()->name, "int4-g4");
}

TEST(Gptq, ReadsWithoutAnIndexAndByWholeColumns) {
  ModuleFile file = small();
  file.parts.erase("m.g_idx");
  EXPECT_EQ(file.values(), kValues);
  file.config = R"({"bits":4,"group_size":-1})";
  file.parts["m.qzeros"] = {"I32", "[1,1]", bytes_of<std::uint32_t>({0x77})};
  file.parts["m.scales"] = {"F16", "[1,2]", bytes_of<std::uint16_t>({0x3C00, 0x4000})};
  EXPECT_EQ(file.source()->scheme()->name, "int4");
  EXPECT_EQ(file.values()[15], 0);
}

TEST(Gptq, ReadsThreeBitsThatCrossWords) {
  ModuleFile file("gptq");
  // 32 codes 0 1 2 3 4 5 6 7 0 ... of 3 bits, one channel; zero point 4 (3 in v1), scale 1.
  file.parts["m.qweight"] = {"I32", "[3,1]", bytes_of<std::uint32_t>({0x88FAC688, 0xC688FAC6, 0xFAC688FA})};
  file.parts["m.qzeros"] = {"I32", "[1,1]", bytes_of<std::uint32_t>({3})};
  file.parts["m.scales"] = {"F16", "[1,1]", bytes_of<std::uint16_t>({0x3C00})};
  file.config = R"({"bits":3,"group_size":32})";
  const std::vector<float> values = file.values();
  ASSERT_EQ(values.size(), 32U);
  for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(values[i], static_cast<float>(i % 8) - 4) << i;
}

TEST(Gptq, ShapesChooseAmongTheSettingsOfSomeModules) {
  ModuleFile file = small();
  file.config =
      R"({"bits":8,"group_size":128,"sym":false,"dynamic":{"-:x":{},"+:^y$":{"bits":2},"^m$":{"bits":4,"group_size":4}}})";
  EXPECT_EQ(file.values(), kValues);
}

TEST(Gptq, RefusesWhatItCannotRead) {
  ModuleFile file = small();
  file.expect_config_refused(R"({"checkpoint_format":"marlin"})", "found 'marlin', which kerf does not read");
  file.expect_config_refused(R"({"format":"gptq_p"})", "'gptq_p'");
  file.expect_config_refused(R"({"is_marlin_format":true})", "Marlin");
  file.expect_config_refused(R"({"bits":5})", "says 5 bits");
  file.expect_config_refused(R"({"bits":0})", "bits");
  file.expect_config_refused(R"({"group_size":0})", "found 0");
  file.expect_config_refused(R"({"group_size":-2})", "group_size");
  file.expect_config_refused(R"({"pack_dtype":"int16"})", "expected 'int32'");
  file.expect_config_refused(R"({"bits":8,"group_size":4})", "does not fit its config: 1 words for 8 codes of 8 bits");
  file.expect_config_refused(R"({"bits":4,"group_size":8})", "2 groups, expected 1");
}

TEST(Gptq, RefusesPartsThatDisagree) {
  ModuleFile file = small();
  file.expect_refused_without("m.qweight", "no tensor holds codes");
  file.expect_refused_without("m.qzeros", "tensor 'm.qweight': has no 'm.qzeros' beside it");
  file.expect_refused_without("m.scales", "has no 'm.scales' beside it");
  file.expect_refused("m.g_idx", {"I32", "[8]", bytes_of<std::int32_t>({0, 0, 0, 0, 1, 1, 1, 2})},
                      "tensor 'm.g_idx': puts column 7 into group 2, expected 0 to 1");
  file.expect_refused("m.g_idx", {"I32", "[8]", bytes_of<std::int32_t>({-1, 0, 0, 0, 1, 1, 1, 1})}, "group -1");
  file.expect_refused("m.g_idx", {"I64", "[1]", std::string(8, 0)}, "i32");
  file.expect_refused("m.g_idx", {"I32", "[9]", std::string(36, 0)}, "does not fit");
  file.expect_refused("m.g_idx", {"I32", "[0]", ""}, "one group for each column");
  file.expect_refused("m.qweight", {"F32", "[1,2]", std::string(8, 0)}, "expected a matrix of i32");
  file.expect_refused("m.qweight", {"I32", "[0,2]", ""}, "expected a matrix of i32");
  file.expect_refused("m.scales", {"F16", "[2,1]", std::string(4, 0)}, "expected [2, 2]");
  file.expect_refused("m.scales", {"F16", "[0,2]", ""}, "has no group");
  file.expect_refused("m.scales", {"F64", "[2,2]", std::string(32, 0)}, "f16, bf16 or f32");
  file.expect_refused("m.qzeros", {"I32", "[1,2]", std::string(8, 0)}, "expected [2, 1]");
  file.expect_refused("m.qzeros", {"I32", "[2,1]", bytes_of<std::uint32_t>({0x87, 0xF6})},
                      "stores 15 for group 1, channel 1");
  file.expect_refused("m.weight", {"F32", "[1]", std::string(4, 0)}, "stands beside 'm.weight'");
  file.parts = {{"other", {"F32", "[1]", std::string(4, 0)}}};
  file.expect_refused("no tensor holds codes");
}

codec::QuantizedTensor ramp(std::string_view scheme, std::int64_t rows, std::int64_t cols) {
  codec::QuantizedTensor weight = codec::make_quantized(codec::parse_scheme(scheme), rows, cols);
  for (std::size_t i = 0; i < weight.codes.size(); ++i) {
    weight.codes[i] = static_cast<std::uint8_t>(i % (std::size_t{1} << weight.scheme.bits));
  }
  for (float& scale : weight.scales) scale = 1;
  for (std::uint8_t& zero : weight.zero_points) zero = 0;
  return weight;
}

TEST(Gptq, WritesZeroPointsAsTheFormatHasThem) {
  const codec::QuantizedTensor weight = ramp("int4-g32", 32, 32);
  const auto v1 = find_layout("gptq")->encode("m", weight, nullptr);
  const auto v2 = find_layout("gptq-v2")->encode("m", weight, nullptr);
  EXPECT_EQ(encoded_part(v1, "m.qzeros").substr(0, 4), bytes_of<std::uint32_t>({0x77777777}));
  EXPECT_EQ(encoded_part(v2, "m.qzeros").substr(0, 4), bytes_of<std::uint32_t>({0x88888888}));
  // Channel 0 of the first word, codes 0 to 7; then channel 1, whose codes are the same.
  EXPECT_EQ(encoded_part(v1, "m.qweight").substr(0, 8), bytes_of<std::uint32_t>({0x76543210, 0x76543210}));
  EXPECT_EQ(encoded_part(v1, "m.g_idx"), std::string(128, 0));
}

TEST(Gptq, RefusesSchemesThatItCannotHold) {
  const auto why = [](std::string_view layout, std::string_view scheme, std::int64_t rows = 64,
                      std::int64_t cols = 96) {
    return find_layout(layout)->refusal(codec::parse_scheme(scheme), rows, cols).value_or("held");
  };
  EXPECT_EQ(why("gptq", "int3-g32"), "held");
  EXPECT_EQ(why("gptq", "int8"), "held");
  EXPECT_EQ(why("gptq", "int4-g64"), "held");  // with a shorter last group, which g_idx says
  EXPECT_EQ(why("gptq-v2", "int4-g32-asym"), "held");
  EXPECT_NE(why("gptq", "int4-g32-asym").find("--gptq-format v2"), std::string::npos);
  EXPECT_NE(why("gptq", "int4-g32-min").find("stores a minimum"), std::string::npos);
  EXPECT_NE(why("gptq", "int5-g32").find("2, 3, 4 or 8"), std::string::npos);
  EXPECT_NE(why("gptq", "int4-tensor").find("int4"), std::string::npos);
  EXPECT_NE(why("gptq", "int4-g32", 33).find("words of 32"), std::string::npos);
  EXPECT_NE(why("gptq", "nf4-g64").find("not made of integers"), std::string::npos);
  codec::Scheme scheme = codec::parse_scheme("int4-g32");
  scheme.scale_dtype = DType::kBF16;
  EXPECT_NE(find_layout("gptq")->refusal(scheme, 64, 64)->find("--scale-dtype f16"), std::string::npos);
}

TEST(Gptq, WritesWhatModulesHaveAndWhichStay) {
  const codec::Scheme four = codec::parse_scheme("int4-g128"), eight = codec::parse_scheme("int8");
  const Json config = make_config(
      {.quantized = {{"model.a", four}, {"model.b", eight}, {"model.c", four}}, .unquantized = {"lm_head", "model.d"}},
      kFormatV1);
  EXPECT_EQ(config.find("bits")->as_int64(), 4);
  EXPECT_EQ(config.find("group_size")->as_int64(), 128);
  EXPECT_EQ(config.find("checkpoint_format")->as_string(), "gptq");
  EXPECT_EQ(config.find("lm_head")->as_bool(), false);
  EXPECT_EQ(config.find("desc_act")->as_bool(), false);
  const Json& dynamic = *config.find("dynamic");
  EXPECT_EQ(dynamic.as_object().size(), 2U);
  EXPECT_EQ(dynamic.find(R"(+:^model\.b$)")->dump(), R"({"bits": 8, "group_size": -1, "sym": true})");
  EXPECT_EQ(dynamic.find(R"(-:^model\.d$)")->dump(), "{}");
  const Json plain = make_config({.quantized = {{"lm_head", four, true}}, .unquantized = {}}, kFormatV2);
  EXPECT_EQ(plain.find("dynamic"), nullptr);
  EXPECT_TRUE(plain.find("lm_head")->as_bool());
}

}  // namespace
}  // namespace kerf::formats::safetensors::gptq
