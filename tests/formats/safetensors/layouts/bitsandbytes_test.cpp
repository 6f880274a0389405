#include "formats/safetensors/layouts/bitsandbytes.h"

#include <cmath>

#include <gtest/gtest.h>

#include "codec/levels.h"
#include "tests/formats/safetensors/layouts/module_file.h"

namespace kerf::formats::safetensors::bitsandbytes {
namespace {

using kerf::test::bytes_of;
using test_layouts::encoded_part;
using test_layouts::ModuleFile;

const LayoutInfo& layout() { return *find_layout("bitsandbytes"); }

std::string map_of(std::string_view table) {
  const auto values = codec::find_level_table(table)->values;
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

void set_state(ModuleFile& file, const std::string& json, const std::string& table = "nf4") {
  file.parts["m.weight.quant_state.bitsandbytes__" + table] = {"U8", "[" + std::to_string(json.size()) + "]", json};
}

/// A module 'm' of [1, 64]: byte 0x0F first, so codes 0 and 15, then 7 (zero) throughout; absmax 2.
ModuleFile small() {
  ModuleFile file("bitsandbytes");
  file.parts["m.weight"] = {"U8", "[32,1]", "\x0F" + std::string(31, '\x77')};
  file.parts["m.weight.absmax"] = {"F32", "[1]", bytes_of<float>({2})};
  file.parts["m.weight.quant_map"] = {"F32", "[16]", map_of("nf4")};
  set_state(file, R"({"quant_type": "nf4", "blocksize": 64, "dtype": "float16", "shape": [1, 64]})");
  return file;
}

TEST(BitsAndBytes, TheFirstCodeIsInTheHighBits) {
  ModuleFile file = small();
  const std::vector<float> values = file.values();
  EXPECT_EQ(values[0], -2);
  EXPECT_EQ(values[1], 2);
  EXPECT_EQ(values[2], 0);
  EXPECT_EQ(file.source()->scheme()->name, "nf4-g64");
  EXPECT_EQ(file.source()->scheme()->scale_dtype, DType::kF32);
}

TEST(BitsAndBytes, ReadsBlocksThatCrossRows) {
  ModuleFile file = small();
  set_state(file, R"({"quant_type": "nf4", "blocksize": 24, "dtype": "float16", "shape": [2, 32]})");
  file.parts["m.weight"].data[12] = '\xF0';  // codes 24 and 25: the second block begins within row 0
  file.parts["m.weight.absmax"] = {"F32", "[3]", bytes_of<float>({2, 4, 8})};
  const std::vector<float> values = file.values();
  EXPECT_EQ(values[0], -2);
  EXPECT_EQ(values[24], 4);
  EXPECT_EQ(values[25], -4);
  EXPECT_FALSE(file.source()->scheme());
  EXPECT_EQ(file.source()->rounded_to()->name, "nf4-g24");
}

TEST(BitsAndBytes, ReadsScalesThatAreCodesThemselves) {
  ModuleFile file = small();
  std::string map(256 * 4, 0);
  const float half = 0.5F;
  std::memcpy(map.data() + 200 * 4, &half, 4);
  file.parts["m.weight.absmax"] = {"U8", "[1]", "\xC8"};
  file.parts["m.weight.nested_absmax"] = {"F32", "[1]", bytes_of<float>({3})};
  file.parts["m.weight.nested_quant_map"] = {"F32", "[256]", map};
  set_state(file, R"({"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [1, 64],
                      "nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 0.25})");
  EXPECT_EQ(file.values()[1], 1.75F);  // 0.5 * 3 + 0.25
  file.expect_refused_without("m.weight.nested_quant_map", "has no 'm.weight.nested_quant_map' beside it");
  file.expect_refused("m.weight.nested_absmax", {"F32", "[2]", std::string(8, 0)}, "expected [1] of f32");
}

TEST(BitsAndBytes, ReadsFp4) {
  ModuleFile file = small();
  file.parts.erase("m.weight.quant_state.bitsandbytes__nf4");
  file.parts["m.weight.quant_map"].data = map_of("fp4");
  file.parts["m.weight"].data[0] = '\x3B';
  set_state(file, R"({"quant_type": "fp4", "blocksize": 64, "dtype": "float16", "shape": [1, 64]})", "fp4");
  EXPECT_EQ(file.values()[0], 2);
  EXPECT_EQ(file.values()[1], -2);
  EXPECT_EQ(file.source()->scheme()->name, "fp4-g64");
}

TEST(BitsAndBytes, ReadsInt8) {
  ModuleFile file("bitsandbytes");
  file.parts["m.weight"] = {"I8", "[2,2]", bytes_of<std::int8_t>({127, -128, 1, 0})};
  file.parts["m.SCB"] = {"F32", "[2]", bytes_of<float>({254, 63.5F})};
  file.parts["m.weight_format"] = {"U8", "[]", std::string(1, 0)};
  EXPECT_EQ(file.values(), (std::vector<float>{254, -256, 0.5F, 0}));
  EXPECT_EQ(file.source()->scheme()->name, "int8");
  file.expect_refused("m.weight_format", {"U8", "[]", "\x02"}, "says 2, an order of codes for old GPUs");
  file.expect_refused("m.SCB", {"F32", "[1]", std::string(4, 0)}, "expected [2] of f32");
  file.expect_refused("m.weight", {"U8", "[2,2]", std::string(4, 0)}, "expected a matrix of i8");
  file.expect_refused_without("m.weight", "has no 'm.weight' beside it");
  file.parts["m.SCB"].data = bytes_of<float>({1, NAN});
  file.expect_refused("tensor 'm.SCB': value at [1] is NaN");
}

TEST(BitsAndBytes, RefusesPartsThatDisagree) {
  ModuleFile file = small();
  for (const std::string part : {".absmax", ".quant_map", ""}) {
    file.expect_refused_without("m.weight" + part, "has no 'm.weight" + part + "' beside it");
  }
  file.expect_refused_without("m.weight.quant_state.bitsandbytes__nf4", "no tensor holds codes");
  file.expect_refused("m.weight", {"U8", "[31,1]", std::string(31, 0)}, "has 31 bytes, expected 32");
  file.expect_refused("m.weight.absmax", {"F32", "[2]", std::string(8, 0)}, "expected [1] of f32");
  file.expect_refused("m.weight.quant_map", {"F32", "[16]", map_of("fp4")}, "for code 0, expected -1 of nf4");
  file.expect_refused("m.weight.quant_map", {"F32", "[15]", std::string(60, 0)}, "expected [16] of f32");
  const auto refuse_state = [&](const std::string& json, std::string_view message) {
    SCOPED_TRACE(json);
    const auto kept = file.parts;
    set_state(file, json);
    file.expect_refused(message);
    file.parts = kept;
  };
  refuse_state("{", "m.safetensors");
  refuse_state("[]", "object");
  refuse_state(R"({"quant_type": "fp4", "blocksize": 64, "shape": [1, 64]})", "found 'fp4', expected nf4");
  refuse_state(R"({"blocksize": 0, "shape": [1, 64]})", "blocksize");
  refuse_state(R"({"blocksize": 64})", "shape");
  refuse_state(R"({"blocksize": 64, "shape": [64]})", "two sizes");
  refuse_state(R"({"blocksize": 64, "shape": [0, 64]})", "shape");
  refuse_state(R"({"blocksize": 64, "shape": [2147483648, 2147483648]})", "has 32 bytes");
  file.parts["m.weight.quant_state.bitsandbytes__fp4"] = file.parts["m.weight.quant_state.bitsandbytes__nf4"];
  file.expect_refused("is the second state of 'm.weight'");
}

TEST(BitsAndBytes, WritesWhatTheLibraryLoads) {
  codec::QuantizedTensor weight = codec::make_quantized(codec::parse_scheme("nf4-g64"), 2, 64);
  weight.codes[0] = 1;
  weight.codes[1] = 2;
  weight.scales = {0.5F, 2};
  const auto encoded = layout().encode("m", weight, nullptr);
  EXPECT_EQ(encoded_part(encoded, "m.weight").substr(0, 2), std::string("\x12\0", 2));
  EXPECT_EQ(encoded_part(encoded, "m.weight.absmax"), bytes_of<float>({0.5F, 2}));
  EXPECT_EQ(encoded_part(encoded, "m.weight.quant_state.bitsandbytes__nf4"),
            R"({"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [2, 64]})");
  codec::QuantizedTensor bytes = codec::make_quantized(codec::parse_scheme("int8"), 1, 2);
  bytes.codes = {255, 1};
  bytes.scales = {0.5F};
  const auto int8 = layout().encode("m", bytes, nullptr);
  EXPECT_EQ(encoded_part(int8, "m.weight"), bytes_of<std::int8_t>({127, -127}));
  EXPECT_EQ(encoded_part(int8, "m.SCB"), bytes_of<float>({63.5F}));
}

TEST(BitsAndBytes, RefusesWhatItCannotHold) {
  const auto why = [](std::string_view scheme, std::int64_t cols = 128) {
    return layout().refusal(codec::parse_scheme(scheme), 3, cols).value_or("held");
  };
  for (const char* scheme : {"nf4-g64", "nf4-g128", "fp4-g64", "int8"}) EXPECT_EQ(why(scheme), "held") << scheme;
  EXPECT_NE(why("nf4-g32").find("no groups of 64"), std::string::npos);
  EXPECT_NE(why("nf4").find("no groups of 64"), std::string::npos);
  EXPECT_NE(why("nf4-g64", 96).find("goes on in the next row"), std::string::npos);
  EXPECT_NE(why("int4-g32").find("holds int8"), std::string::npos);
  EXPECT_NE(why("int8-asym").find("holds int8"), std::string::npos);
  EXPECT_NE(why("mxfp4").find("nf4 and fp4"), std::string::npos);
  EXPECT_NE(why("iq4_xs").find("nf4 and fp4"), std::string::npos);
  codec::Scheme scheme = codec::parse_scheme("int8");
  scheme.scale_dtype = DType::kF32;
  EXPECT_NE(layout().refusal(scheme, 3, 64)->find("--scale-dtype f16"), std::string::npos);
}

TEST(BitsAndBytes, OneTypeHasToDo) {
  const codec::Scheme nf4 = codec::parse_scheme("nf4-g64"), int8 = codec::parse_scheme("int8");
  const Json config = layout().config({.quantized = {{"x", nf4}}, .unquantized = {"lm_head"}});
  EXPECT_TRUE(config.find("load_in_4bit")->as_bool());
  EXPECT_FALSE(config.find("load_in_8bit")->as_bool());
  EXPECT_EQ(config.find("bnb_4bit_quant_type")->as_string(), "nf4");
  EXPECT_EQ(config.find("llm_int8_skip_modules")->dump(), R"(["lm_head"])");
  EXPECT_TRUE(layout().config({.quantized = {{"x", int8}}, .unquantized = {}}).find("load_in_8bit")->as_bool());
  kerf::test::expect_error(ErrorCode::kUsage, "nf4-g64 beside int8", [&] {
    layout().config({.quantized = {{"x", nf4}, {"y", int8}}, .unquantized = {}});
  });
}

}  // namespace
}  // namespace kerf::formats::safetensors::bitsandbytes
