#include <gtest/gtest.h>

#include "codec/quantized_tensor.h"
#include "formats/safetensors/layouts/compressed_tensors.h"
#include "tests/formats/safetensors/layouts/module_file.h"

namespace kerf::formats::safetensors::compressed_tensors {
namespace {

using kerf::test::bytes_of;
using test_layouts::encoded_part;
using test_layouts::ModuleFile;

std::string config_of(std::string_view format, int group_size, const std::string& more = "") {
  return R"({"format":")" + std::string(format) +
         R"(","config_groups":{"group_0":{"targets":["Linear"],"weights":{"num_bits":4,"type":"float","group_size":)" +
         std::to_string(group_size) + "}" + more + "}}}";
}

/// A module 'm' of [1, 32]; the codes of a byte are 7 (6.0) and 9 (-0.5). Scales 1 and 2 over 4.
ModuleFile nvfp4() {
  ModuleFile file("compressed-tensors");
  file.parts["m.weight_packed"] = {"U8", "[1,16]", std::string(16, '\x97')};
  file.parts["m.weight_scale"] = {"F8_E4M3", "[1,2]", bytes_of<std::uint8_t>({0x38, 0x40})};
  file.parts["m.weight_global_scale"] = {"F32", "[1]", bytes_of<float>({4})};
  file.config = config_of("nvfp4-pack-quantized", 16);
  return file;
}

TEST(CompressedTensorsFloat4, ReadsNvfp4) {
  ModuleFile file = nvfp4();
  const std::vector<float> values = file.values();
  EXPECT_EQ(values[0], 1.5F);  // 6 * 1 / 4
  EXPECT_EQ(values[1], -0.125F);
  EXPECT_EQ(values[16], 3);
  EXPECT_EQ(file.source()->scheme()->name, "nvfp4");
  EXPECT_EQ(file.source()->read_quantized()->scheme.unit.value, 0.25F);
  file.parts["m.weight_global_scale"].data = bytes_of<float>({3});
  EXPECT_EQ(file.values()[0], 6 * (1.0F / 3));
  EXPECT_FALSE(file.source()->scheme());  // scale / 3 was rounded: values, but no codes
  EXPECT_EQ(file.source()->rounded_to()->name, "nvfp4");
}

TEST(CompressedTensorsFloat4, ReadsMxfp4) {
  ModuleFile file = nvfp4();
  file.parts.erase("m.weight_global_scale");
  file.parts["m.weight_scale"] = {"U8", "[1,1]", bytes_of<std::uint8_t>({125})};
  file.config = config_of("mxfp4-pack-quantized", 32);
  EXPECT_EQ(file.values()[0], 1.5F);
  EXPECT_EQ(file.source()->scheme()->name, "mxfp4");
  file.parts["m.weight_scale"].data = "\xFF";
  file.expect_refused("tensor 'm.weight_scale': value at [0, 0] is NaN");
}

TEST(CompressedTensorsFloat4, RefusesWhatDisagrees) {
  ModuleFile file = nvfp4();
  for (const std::string part : {"m.weight_scale", "m.weight_global_scale"}) {
    file.expect_refused_without(part, "beside it");
  }
  file.expect_refused_without("m.weight_packed", "no tensor holds codes");
  file.expect_refused("m.weight_scale", {"F8_E4M3", "[2,1]", std::string(2, 0)}, "expected [1, 2] of f8_e4m3");
  file.expect_refused("m.weight_packed", {"I32", "[1,16]", std::string(64, 0)}, "expected a matrix of u8");
  for (const float divisor : {0.0F, -1.0F, 1e-40F}) {
    file.expect_refused("m.weight_global_scale", {"F32", "[1]", bytes_of<float>({divisor})}, "to divide by");
  }
  file.expect_refused("m.weight", {"F32", "[1]", std::string(4, 0)}, "stands beside 'm.weight'");
  file.expect_config_refused(config_of("nvfp4-pack-quantized", 32), "expected 16");
  file.expect_config_refused(config_of("nvfp4-pack-quantized", 16, R"(,"input_activations":{"num_bits":4})"),
                             "4-bit floats, which kerf does not compute with");
}

TEST(CompressedTensorsFloat4, WritesTheInverseOfTheUnit) {
  codec::Scheme scheme = codec::parse_scheme("nvfp4");
  scheme.unit.value = 0.25F;
  codec::QuantizedTensor weight = codec::make_quantized(scheme, 1, 16);
  weight.codes[0] = 7;
  weight.codes[1] = 9;
  weight.scales = {0.25F * 0x1p-9F};  // the least scale there is
  const auto encoded = encode("m", weight);
  EXPECT_EQ(encoded_part(encoded, "m.weight_packed").substr(0, 2), std::string("\x97\0", 2));
  EXPECT_EQ(encoded_part(encoded, "m.weight_scale"), "\x01");
  EXPECT_EQ(encoded_part(encoded, "m.weight_global_scale"), bytes_of<float>({4}));
  weight.scales = {0.25F * 448};
  EXPECT_EQ(encoded_part(encode("m", weight), "m.weight_scale"), "\x7E");
  const Json config = make_config({.quantized = {{"m", scheme}}, .unquantized = {}});
  EXPECT_EQ(config.find("format")->as_string(), "nvfp4-pack-quantized");
  const Json& weights = *config.find("config_groups")->find("group_0")->find("weights");
  EXPECT_EQ(weights.find("strategy")->as_string(), "tensor_group");
  EXPECT_EQ(weights.find("type")->as_string(), "float");
  EXPECT_EQ(weights.find("scale_dtype")->as_string(), "torch.float8_e4m3fn");
}

}  // namespace
}  // namespace kerf::formats::safetensors::compressed_tensors
