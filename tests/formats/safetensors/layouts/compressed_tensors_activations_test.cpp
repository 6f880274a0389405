#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "core/random.h"
#include "formats/safetensors/layouts/compressed_tensors.h"
#include "formats/safetensors/shards.h"
#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors::compressed_tensors {
namespace {

using codec::ActivationScheme;
using codec::parse_activation_scheme;
using test::expect_error;

std::shared_ptr<const codec::ActivationQuantizer> quantizer_of(const std::string& name) {
  const ActivationScheme scheme = parse_activation_scheme(name);
  if (scheme.dynamic) return codec::make_dynamic_quantizer(scheme);
  return codec::make_static_quantizer(scheme, codec::ValueRange{-1.7F, 4.25F});
}

codec::QuantizedTensor random_weight(const std::string& name) {
  codec::QuantizedTensor weight = codec::make_quantized(codec::parse_scheme(name), 6, 64);
  Random random(4);
  const int codes = 1 << weight.scheme.bits;
  for (auto& code : weight.codes) {
    do {
      code = static_cast<std::uint8_t>(random.below(static_cast<std::uint64_t>(codes)));
    } while (weight.scheme.levels != nullptr && std::isnan(weight.scheme.levels->values[code]));
  }
  for (auto& scale : weight.scales) scale = codec::round_to(DType::kF16, 0.01F + static_cast<float>(random.uniform()));
  for (auto& zero : weight.zero_points)
    zero = static_cast<std::uint8_t>(random.below(static_cast<std::uint64_t>(codes)));
  return weight;
}

struct Written {
  Written(const std::string& weights, const std::string& activations)
      : weight(random_weight(weights)), quantizer(quantizer_of(activations)) {
    const ModuleScheme scheme(weight.scheme, quantizer->scheme());
    OutputFolder folder(dir / "out", false);
    auto plans = plan("m", scheme, weight.rows, weight.cols);
    ShardedWriter writer(folder, plan_shards(plans));
    for (const EncodedTensor& tensor : encode("m", weight, quantizer.get())) {
      writer.append(tensor.plan.name, tensor.bytes);
    }
    writer.finish();
    folder.commit();
    config = make_config({.quantized = {{"m", scheme}}, .unquantized = {"lm_head"}});
  }
  StoredTensors tensors() const { return Reader(dir / "out/model.safetensors").stored(); }
  JsonCursor cursor() const { return {config, "config.json"}; }

  test::TempDir dir;
  codec::QuantizedTensor weight;
  std::shared_ptr<const codec::ActivationQuantizer> quantizer;
  Json config;
};

TEST(CompressedTensorsActivations, ComeBackAsTheyWereWritten) {
  const std::vector<std::pair<const char*, const char*>> pairs = {
      {"int8", "int8-dynamic"},
      {"int8", "int8-static"},
      {"int8-tensor", "int8-static-asym"},
      {"int4-g32", "int8-dynamic"},
      {"int4-g32-asym", "int4-dynamic"},
      {"int8-asym", "int8-dynamic-asym"},
      {"int3-g16", "int8-dynamic-g32"},
      {"f8_e4m3", "f8_e4m3-dynamic"},
      {"f8_e4m3-tensor", "f8_e4m3-static"},
      {"f8_e4m3-b8x32", "f8_e4m3-dynamic"},
  };
  for (const auto& [weights, activations] : pairs) {
    SCOPED_TRACE(std::string(weights) + " " + activations);
    const Written written(weights, activations);
    const auto sources = decode(written.cursor(), written.tensors());
    ASSERT_EQ(sources.size(), 1U);
    const Tensor read = sources.at("m.weight")->read();
    std::vector<float> expected(6 * 64);
    codec::dequantize_rows(written.weight, 0, 6, expected.data());
    EXPECT_EQ(std::memcmp(read.raw(), expected.data(), read.bytes()), 0);
    if (written.weight.scheme.plain_integer()) {
      EXPECT_EQ(sources.at("m.weight")->scheme(), written.weight.scheme);
    }
    const ActivationMap map = read_activations(written.cursor(), written.tensors());
    ASSERT_EQ(map.size(), 1U);
    EXPECT_EQ(map.at("m.weight")->scheme(), written.quantizer->scheme());
    EXPECT_EQ(map.at("m.weight")->params().scale, written.quantizer->params().scale);
    EXPECT_EQ(map.at("m.weight")->params().zero_point, written.quantizer->params().zero_point);
  }
}

// The keys and tensors that vLLM looks for: compressed_tensors_w8a8_int8.py, compressed_tensors_w8a8_fp8.py.
TEST(CompressedTensorsActivations, SayWhatVllmReads) {
  const Written integer("int8", "int8-static-asym");
  const Json& group = *integer.config.find("config_groups")->find("group_0");
  EXPECT_EQ(integer.config.find("format")->as_string(), "int-quantized");
  EXPECT_EQ(group.find("format")->as_string(), "int-quantized");
  const Json& input = *group.find("input_activations");
  EXPECT_EQ(input.find("strategy")->as_string(), "tensor");
  EXPECT_EQ(input.find("dynamic")->as_bool(), false);
  EXPECT_EQ(input.find("symmetric")->as_bool(), false);
  EXPECT_EQ(input.find("num_bits")->as_int64(), 8);
  EXPECT_EQ(input.find("type")->as_string(), "int");
  const auto tensors = integer.tensors();
  EXPECT_EQ(tensors.at("m.weight").entry.dtype, DType::kI8);
  EXPECT_EQ(tensors.at("m.weight").entry.shape, (Shape{6, 64}));
  EXPECT_EQ(tensors.at("m.weight_scale").entry.shape, (Shape{6, 1}));
  EXPECT_EQ(tensors.at("m.input_scale").entry.dtype, DType::kF32);
  EXPECT_EQ(tensors.at("m.input_scale").entry.shape, (Shape{1}));
  EXPECT_EQ(tensors.at("m.input_zero_point").entry.dtype, DType::kI8);
  const Written dynamic("int4-g32", "int8-dynamic");
  const Json& token = *dynamic.config.find("config_groups")->find("group_0")->find("input_activations");
  EXPECT_EQ(token.find("strategy")->as_string(), "token");
  EXPECT_EQ(token.find("dynamic")->as_bool(), true);
  EXPECT_TRUE(token.find("observer")->is_null());
  EXPECT_EQ(dynamic.tensors().size(), 2U) << "dynamic ranges store nothing";
  const Written floats("f8_e4m3", "f8_e4m3-dynamic");
  EXPECT_EQ(floats.config.find("format")->as_string(), "float-quantized");
  EXPECT_EQ(floats.tensors().at("m.weight").entry.dtype, DType::kF8E4M3);
  const Json& weights = *floats.config.find("config_groups")->find("group_0")->find("weights");
  EXPECT_EQ(weights.find("type")->as_string(), "float");
  EXPECT_EQ(weights.find("strategy")->as_string(), "channel");
  EXPECT_TRUE(weights.find("block_structure")->is_null());
  const Written blocks("f8_e4m3-b8x48", "f8_e4m3-dynamic");
  const Json& of_blocks = *blocks.config.find("config_groups")->find("group_0")->find("weights");
  EXPECT_EQ(of_blocks.find("strategy")->as_string(), "block");
  EXPECT_EQ(of_blocks.find("block_structure")->dump(), "[8, 48]");
  EXPECT_TRUE(of_blocks.find("group_size")->is_null());
  EXPECT_EQ(blocks.tensors().at("m.weight_scale").entry.shape, (Shape{1, 2})) << "of 6 rows and 64 columns";
}

TEST(CompressedTensorsActivations, DifferentOnesAreGroupsOfTheirOwn) {
  const codec::Scheme weights = codec::parse_scheme("int8");
  const Json config = make_config({.quantized = {{"a", {weights, parse_activation_scheme("int8-dynamic")}},
                                                 {"b", weights},
                                                 {"c", {weights, parse_activation_scheme("int8-dynamic")}}},
                                   .unquantized = {}});
  EXPECT_EQ(config.find("format")->as_string(), "mixed-precision");
  const Json& groups = *config.find("config_groups");
  EXPECT_EQ(groups.find("group_0")->find("targets")->dump(), R"(["a", "c"])");
  EXPECT_EQ(groups.find("group_1")->find("format")->as_string(), "pack-quantized");
  EXPECT_TRUE(groups.find("group_1")->find("input_activations")->is_null());
  expect_error(ErrorCode::kUsage, "float-quantized beside pack-quantized is not written", [&] {
    make_config({.quantized = {{"a", codec::parse_scheme("f8_e4m3")}, {"b", weights}}, .unquantized = {}});
  });
}

TEST(CompressedTensorsActivations, WhatNoFormatHoldsIsRefused) {
  const auto why = [](const char* weights, const char* activations, std::int64_t cols = 64) {
    return refusal({codec::parse_scheme(weights), parse_activation_scheme(activations)}, 8, cols).value_or("held");
  };
  EXPECT_EQ(why("int8", "int8-dynamic"), "held");
  EXPECT_EQ(why("int3-g32", "int8-dynamic"), "held") << "bytes have no packing that differs between releases";
  EXPECT_NE(why("f16", "int8-dynamic").find("the weight is not quantized"), std::string::npos);
  EXPECT_NE(why("f8_e4m3", "int8-dynamic").find("none of its formats"), std::string::npos);
  EXPECT_NE(why("int8", "f8_e4m3-static").find("none of its formats"), std::string::npos);
  EXPECT_NE(why("int8", "int8-dynamic-g48").find("do not divide 64"), std::string::npos);
  EXPECT_NE(why("q4_1", "int8-dynamic").find("minimum"), std::string::npos);
}

/// A module of two rows of int8 codes as a checkpoint of another tool has it, whose parts a test replaces.
class Module : public testing::Test {
 protected:
  void set_input(const std::string& input) {
    config_ = Json::parse(R"({"format":"int-quantized","config_groups":{"g":{"targets":["Linear"],"weights":)"
                          R"({"num_bits":8,"strategy":"channel"},"input_activations":)" +
                              input + "}}}",
                          "config.json");
  }
  StoredTensors stored() {
    std::vector<test::TensorBytes> tensors;
    for (const auto& [name, tensor] : tensors_) tensors.push_back(tensor);
    return Reader(dir_.write("m.safetensors", test::safetensors_bytes(tensors))).stored();
  }
  ActivationMap open() { return read_activations(JsonCursor(config_, "config.json"), stored()); }
  void expect_refused(std::string_view message) {
    expect_error(ErrorCode::kInput, message, [&] { open(); });
  }
  test::TempDir dir_;
  Json config_;
  std::map<std::string, test::TensorBytes> tensors_ = {
      {"m.weight", {"m.weight", "I8", {2, 3}, std::string("\x80\x00\x7f\x01\xff\x02", 6)}},
      {"m.weight_scale", test::f32_tensor("m.weight_scale", {2, 1}, {1, 2})},
      {"m.input_scale", test::f32_tensor("m.input_scale", {1}, {0.5F})},
      {"m.input_zero_point", {"m.input_zero_point", "I8", {1}, "\xfd"}},
  };
};

TEST_F(Module, PlainCodesAreSigned) {
  set_input("null");
  tensors_.erase("m.input_scale");
  tensors_.erase("m.input_zero_point");
  const auto sources = decode(JsonCursor(config_, "config.json"), stored());
  const Tensor values = sources.at("m.weight")->read();
  EXPECT_EQ(std::vector<float>(values.values<float>().begin(), values.values<float>().end()),
            (std::vector<float>{-128, 0, 127, 2, -2, 4}));
  EXPECT_TRUE(open().empty());
}

TEST_F(Module, StaticParametersAreReadAndChecked) {
  set_input(R"({"num_bits":8,"strategy":"tensor","symmetric":false})");
  EXPECT_EQ(open().at("m.weight")->params().scale, 0.5F);
  EXPECT_EQ(open().at("m.weight")->params().zero_point, -3);
  EXPECT_EQ(decode(JsonCursor(config_, "config.json"), stored()).size(), 1U) << "they are no tensors of the model";
  const auto original = tensors_;
  tensors_.erase("m.input_zero_point");
  expect_refused("has no 'm.input_zero_point' beside it");
  tensors_ = original;
  tensors_.erase("m.input_scale");
  expect_refused("has no 'm.input_scale' beside it");
  tensors_ = original;
  tensors_["m.input_scale"] = test::f32_tensor("m.input_scale", {2}, {1, 1});
  expect_refused("tensor 'm.input_scale': is [2] of f32, expected one number");
  for (const float scale : {0.0F, -1.0F, INFINITY}) {
    tensors_["m.input_scale"] = test::f32_tensor("m.input_scale", {1}, {scale});
    expect_refused("tensor 'm.input_scale'");
  }
  tensors_ = original;
  tensors_["m.input_zero_point"] = {"m.input_zero_point", "I32", {1}, std::string(4, '\0')};
  expect_refused("expected one signed byte");
  tensors_ = original;
  set_input(R"({"num_bits":8,"strategy":"tensor"})");
  expect_refused("found the zero point -3, which int8-static cannot have");
}

TEST_F(Module, ScalesWithoutAModuleAreNoticed) {
  set_input(R"({"num_bits":8,"strategy":"token","dynamic":true})");
  tensors_["x.input_scale"] = test::f32_tensor("x.input_scale", {1}, {1});
  expect_error(ErrorCode::kInput, "tensor 'x.input_scale': has no 'x.weight_packed' beside it",
               [&] { decode(JsonCursor(config_, "config.json"), stored()); });
}

TEST_F(Module, CodesBeyondTheirBitsAreRefused) {
  config_ = Json::parse(R"({"format":"int-quantized","config_groups":{"g":{"targets":["Linear"],"weights":)"
                        R"({"num_bits":4,"strategy":"channel"}}}})",
                        "config.json");
  tensors_.erase("m.input_scale");
  tensors_.erase("m.input_zero_point");
  const auto sources = decode(JsonCursor(config_, "config.json"), stored());
  expect_error(ErrorCode::kInput, "tensor 'm.weight': holds -128, expected -8 to 7",
               [&] { sources.at("m.weight")->read(); });
}

}  // namespace
}  // namespace kerf::formats::safetensors::compressed_tensors
