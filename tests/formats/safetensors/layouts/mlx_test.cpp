#include <gtest/gtest.h>

#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/layouts/mlx_experts.h"
#include "tests/formats/safetensors/layouts/module_file.h"

namespace kerf::formats::safetensors {
namespace {

using kerf::test::bytes_of;
using test_layouts::encoded_part;
using test_layouts::ModuleFile;

const LayoutInfo& mlx() { return *find_layout("mlx"); }

/// A module 'm' of [1, 32] with 4 bits: codes 0 to 15 twice, scale 0.5, bias -3.
ModuleFile small() {
  ModuleFile file("mlx");
  file.parts["m.weight"] = {"U32", "[1,4]", bytes_of<std::uint32_t>({0x76543210, 0xFEDCBA98, 0x76543210, 0xFEDCBA98})};
  file.parts["m.scales"] = {"F16", "[1,1]", bytes_of<std::uint16_t>({0x3800})};
  file.parts["m.biases"] = {"F16", "[1,1]", bytes_of<std::uint16_t>({0xC200})};
  file.parts["m.bias"] = {"F32", "[1]", bytes_of<float>({7})};
  file.config = R"({"group_size":32,"bits":4})";
  return file;
}

TEST(Mlx, ReadsScaleTimesCodePlusBias) {
  ModuleFile file = small();
  const std::vector<float> values = file.values();
  for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(values[i], 0.5F * static_cast<float>(i % 16) - 3) << i;
  EXPECT_EQ(file.source()->scheme()->name, "int4-g32-min");
  EXPECT_EQ(file.values("m.bias"), (std::vector<float>{7}));
}

TEST(Mlx, BiasesThatMakeItSymmetricSaySo) {
  ModuleFile file = small();
  file.parts["m.biases"].data = bytes_of<std::uint16_t>({0xC400});  // -4 = -8 * 0.5
  EXPECT_EQ(file.source()->scheme()->name, "int4-g32");
  EXPECT_EQ(file.values()[15], 3.5F);
  file.parts["m.scales"].data = bytes_of<std::uint16_t>({0});
  file.parts["m.biases"].data = bytes_of<std::uint16_t>({0});  // a symmetric group's would be -0
  EXPECT_EQ(file.source()->scheme()->name, "int4-g32-min");
}

TEST(Mlx, ModulesHaveSettingsOfTheirOwn) {
  ModuleFile file = small();
  file.config = R"({"group_size":64,"bits":8,"m":{"group_size":32,"bits":4},"other":false})";
  EXPECT_EQ(file.values()[1], -2.5F);
  file.config = R"({"group_size":32,"bits":4,"mode":"affine","m":true})";
  EXPECT_EQ(file.values()[1], -2.5F);
}

TEST(Mlx, ReadsModesOfSmallFloats) {
  ModuleFile file = small();
  file.parts.erase("m.biases");
  file.parts["m.scales"] = {"U8", "[1,1]", bytes_of<std::uint8_t>({128})};  // 2
  file.config = R"({"group_size":32,"bits":4,"mode":"mxfp4"})";
  EXPECT_EQ(file.source()->scheme()->name, "mxfp4");
  EXPECT_EQ(file.values()[7], 12);  // 6 * 2
  EXPECT_EQ(file.values()[15], -12);
  file.parts["m.scales"] = {"U8", "[1,2]", bytes_of<std::uint8_t>({0x38, 0x40})};  // e4m3: 1, 2
  file.config = R"({"mode":"nvfp4"})";
  EXPECT_EQ(file.source()->scheme()->name, "nvfp4");
  EXPECT_EQ(file.values()[7], 6);
  EXPECT_EQ(file.values()[23], 12);
  file.parts["m.weight"] = {"U32", "[1,8]", std::string(31, 0) + "\x38"};
  file.parts["m.scales"] = {"U8", "[1,1]", bytes_of<std::uint8_t>({126})};
  file.config = R"({"group_size":32,"bits":8,"mode":"mxfp8"})";
  EXPECT_EQ(file.values()[31], 0.5F);
}

TEST(Mlx, TakesStacksOfExpertsApart) {
  ModuleFile file("mlx");
  std::string words;
  for (int i = 0; i < 8; ++i) words += bytes_of<std::uint32_t>({i < 4 ? 0x11111111U : 0x22222222U});
  for (const std::string name : {"l.block_sparse_moe.switch_mlp.up_proj", "l.mlp.switch_mlp.up_proj"}) {
    file.parts[name + ".weight"] = {"U32", "[2,1,4]", words};
    file.parts[name + ".scales"] = {"F16", "[2,1,1]", bytes_of<std::uint16_t>({0x3C00, 0x3C00})};
    file.parts[name + ".biases"] = {"F16", "[2,1,1]", bytes_of<std::uint16_t>({0, 0x3C00})};
  }
  file.config = R"({"group_size":64,"bits":4,"l.mlp.switch_mlp.up_proj":{"group_size":32,"bits":4},
                    "l.block_sparse_moe.switch_mlp.up_proj":{"group_size":32,"bits":4}})";
  EXPECT_EQ(file.values("l.mlp.experts.0.up_proj.weight")[0], 1);
  EXPECT_EQ(file.values("l.mlp.experts.1.up_proj.weight")[31], 3);
  EXPECT_EQ(file.values("l.block_sparse_moe.experts.1.w3.weight")[31], 3);
  EXPECT_EQ(mlx::stacked_name("a.mlp.experts.12.gate_proj"), "a.mlp.switch_mlp.gate_proj");
  EXPECT_EQ(mlx::stacked_name("a.block_sparse_moe.experts.0.w2"), "a.block_sparse_moe.switch_mlp.down_proj");
  EXPECT_EQ(mlx::stacked_name("a.q_proj"), "a.q_proj");
}

TEST(Mlx, RefusesWhatItCannotRead) {
  ModuleFile file = small();
  file.expect_config_refused(R"({"mode":"magic"})", "found 'magic', expected affine");
  file.expect_config_refused(R"({"group_size":0})", "group_size");
  file.expect_config_refused(R"({"bits":9})", "bits");
  file.expect_config_refused(R"({"group_size":32,"bits":3})", "has 4 words a row, expected 3");
  file.expect_config_refused(R"({"group_size":1048576,"bits":4})", "has 4 words a row");
  file.expect_config_refused(R"({"mode":"mxfp4","bits":8})", "says 8 bits in groups of 32, expected 4");
  file.expect_config_refused(R"({"mode":"mxfp4"})", "expected [1, 1] of u8");
  file.expect_refused_without("m.biases", "has no 'm.biases' beside it");
  file.expect_refused_without("m.weight", "has no 'm.weight' beside it");
  file.expect_refused_without("m.scales", "no tensor holds scales");
  file.expect_refused("m.biases", {"BF16", "[1,1]", std::string(2, 0)}, "expected [1, 1] of f16");
  file.expect_refused("m.scales", {"F16", "[2,1]", std::string(4, 0)}, "expected [1, 1]");
  file.expect_refused("m.scales", {"F16", "[1,999]", std::string(1998, 0)}, "has 999 groups a row");
  file.expect_refused("m.weight", {"F32", "[1,4]", std::string(16, 0)}, "expected a matrix of u32");
  file.expect_refused("x.switch_mlp.y", {"F32", "[4]", std::string(16, 0)}, "expected a stack of experts");
}

TEST(Mlx, WritesABiasForSymmetricGroups) {
  codec::QuantizedTensor weight = codec::make_quantized(codec::parse_scheme("int4-g32"), 1, 32);
  weight.codes[0] = 15;
  weight.scales = {0.5F};
  const auto encoded = mlx().encode("m", weight, nullptr);
  EXPECT_EQ(encoded_part(encoded, "m.weight").substr(0, 4), bytes_of<std::uint32_t>({0xF}));
  EXPECT_EQ(encoded_part(encoded, "m.biases"), bytes_of<std::uint16_t>({0xC400}));
  weight.scales = {65504};
  kerf::test::expect_error(ErrorCode::kInput, "module 'm': bias -524032 is not exact in f16",
                           [&] { mlx().encode("m", weight, nullptr); });
}

TEST(Mlx, RefusesWhatItCannotHold) {
  const auto why = [](std::string_view scheme, std::int64_t cols = 128) {
    return mlx().refusal(codec::parse_scheme(scheme), 3, cols).value_or("held");
  };
  for (const char* scheme : {"int2-g32", "int3-g64-min", "int6-g128", "int8-g32-min", "mxfp4", "mxfp8"}) {
    EXPECT_EQ(why(scheme), "held") << scheme;
  }
  EXPECT_NE(why("int4-g32-asym").find("has zero points"), std::string::npos);
  EXPECT_NE(why("int4-g16").find("no groups of 32, 64 or 128"), std::string::npos);
  EXPECT_NE(why("int8").find("no groups of 32, 64 or 128"), std::string::npos);
  EXPECT_NE(why("int7-g32").find("7 bits"), std::string::npos);
  EXPECT_NE(why("nvfp4").find("for which mlx has no place"), std::string::npos);
  EXPECT_NE(why("q4_k").find("mxfp4 and mxfp8, not q4_k"), std::string::npos);
  EXPECT_NE(why("int4-g64", 96).find("do not divide 96"), std::string::npos);
  codec::Scheme scheme = codec::parse_scheme("int4-g32");
  scheme.scale_dtype = DType::kF32;
  EXPECT_NE(mlx().refusal(scheme, 3, 64)->find("--scale-dtype f16"), std::string::npos);
}

TEST(Mlx, NamesModulesThatDiffer) {
  const codec::Scheme four = codec::parse_scheme("int4-g32"), eight = codec::parse_scheme("int8-g64-min");
  const Json config = mlx().config({.quantized = {{"a", eight}, {"b", four}, {"c", four}}, .unquantized = {"d"}});
  EXPECT_EQ(config.dump(), R"({"group_size": 32, "bits": 4, "mode": "affine", )"
                           R"("a": {"group_size": 64, "bits": 8, "mode": "affine"}})");
}

}  // namespace
}  // namespace kerf::formats::safetensors
