#include "formats/safetensors/layouts/compressed_tensors.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "formats/safetensors/reader.h"
#include "tests/formats/safetensors/pieces.h"
#include "tests/support/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors::compressed_tensors {
namespace {

using test::bytes_of;
using test::expect_error;
using test::TempDir;

const std::string kGolden = test::source_dir() + "/tests/golden/compressed_tensors/";

Json golden_config() {
  return *Json::parse(read_file(kGolden + "model/config.json", 1 << 20), "config.json").find("quantization_config");
}

graph::SourceMap decode_with(const Json& config, const StoredTensors& tensors) {
  return decode(JsonCursor(config, "config.json", "quantization_config"), tensors);
}

// The golden files come from a plain Python implementation of the library's documented layout (make.py beside them).
class CompressedTensorsGolden : public ::testing::Test {
 protected:
  Reader model_{kGolden + "model/model.safetensors"};
  Reader expected_{kGolden + "expected.safetensors"};
  graph::SourceMap sources_ = decode_with(golden_config(), model_.stored());
};

TEST_F(CompressedTensorsGolden, DequantizesToTheSameBits) {
  ASSERT_EQ(sources_.size(), expected_.header().tensors.size());
  for (const auto& [name, source] : sources_) {
    const Tensor expected = expected_.read_tensor(name);
    ASSERT_EQ(source->shape(), expected.shape()) << name;
    const Tensor read = source->read();
    EXPECT_EQ(std::memcmp(read.raw(), expected.raw(), expected.bytes()), 0) << name;
  }
}

TEST_F(CompressedTensorsGolden, EncodesToTheSameBytes) {
  int modules = 0;
  for (const auto& [name, source] : sources_) {
    const auto weight = source->read_quantized();
    if (!weight) continue;
    ++modules;
    for (const EncodedTensor& tensor : encode(name.substr(0, name.size() - 7), *weight)) {
      const Tensor golden = model_.read_tensor(tensor.plan.name);
      EXPECT_EQ(tensor.plan.dtype, golden.dtype()) << tensor.plan.name;
      EXPECT_EQ(tensor.plan.shape, golden.shape()) << tensor.plan.name;
      ASSERT_EQ(tensor.bytes.size(), golden.bytes()) << tensor.plan.name;
      EXPECT_EQ(std::memcmp(tensor.bytes.data(), golden.raw(), golden.bytes()), 0) << tensor.plan.name;
    }
  }
  EXPECT_EQ(modules, 8);
}

TEST_F(CompressedTensorsGolden, KnowsSchemesAndSizesWithoutReading) {
  const graph::TensorSource& k = *sources_.at("model.layers.0.k_proj.weight");
  ASSERT_TRUE(k.scheme());
  EXPECT_EQ(k.scheme()->name, "int4-g32-asym");
  EXPECT_EQ(k.scheme()->scale_dtype, DType::kBF16);
  EXPECT_EQ(k.dtype(), DType::kBF16);
  // [11, 96]: 12 words a row, 3 scales a row, 2 x 3 words of zero points, the shape.
  EXPECT_EQ(k.stored_bytes(), 11U * 12 * 4 + 11 * 3 * 2 + 2 * 3 * 4 + 16);
  EXPECT_EQ(sources_.at("model.layers.1.v_proj.weight")->scheme()->name, "int4-tensor");
  EXPECT_FALSE(sources_.at("model.norm.weight")->scheme());
}

// Every key that kerf writes has the value that the library writes; of the library's further keys all are null.
TEST_F(CompressedTensorsGolden, WritesTheConfigThatItReads) {
  LayoutModules modules;
  for (const ConfigGroup& group : parse_config(JsonCursor(golden_config(), "config.json"))) {
    modules.quantized.push_back({group.targets.at(0), group.scheme});
  }
  modules.unquantized = {"lm_head"};
  Json ours = make_config(modules);
  EXPECT_TRUE(ours.as_object().erase("version"));
  const Json golden = golden_config();
  for (const auto& [key, value] : ours.as_object()) {
    if (key != "config_groups") {
      EXPECT_EQ(value.dump(), golden.find(key)->dump()) << key;
    }
  }
  ASSERT_EQ(ours.find("config_groups")->as_object().size(), 8U);
  for (const auto& [name, group] : ours.find("config_groups")->as_object()) {
    const Json& other = *golden.find("config_groups")->find(name);
    for (const auto& [key, value] : group.as_object()) {
      if (key != "weights") {
        EXPECT_EQ(value.dump(), other.find(key)->dump()) << name << "." << key;
      }
    }
    for (const auto& [key, value] : group.find("weights")->as_object()) {
      EXPECT_EQ(value.dump(), other.find("weights")->find(key)->dump()) << name << ".weights." << key;
    }
  }
}

TEST(CompressedTensorsConfig, OneSchemeTargetsAllLinearModules) {
  codec::Scheme scheme = codec::parse_scheme("int4-g128");
  const Json config = make_config({.quantized = {{"a", scheme}, {"b", scheme}}, .unquantized = {"lm_head", "c"}});
  EXPECT_EQ(config.find("config_groups")->as_object().size(), 1U);
  const Json& group = *config.find("config_groups")->find("group_0");
  EXPECT_EQ(group.find("targets")->dump(), R"(["Linear"])");
  EXPECT_EQ(group.find("weights")->find("group_size")->as_int64(), 128);
  EXPECT_EQ(group.find("weights")->find("strategy")->as_string(), "group");
  EXPECT_EQ(config.find("ignore")->dump(), R"(["lm_head", "c"])");
}

TEST(CompressedTensorsConfig, SeveralSchemesNameTheirModules) {
  const codec::Scheme a = codec::parse_scheme("int4-g128"), b = codec::parse_scheme("int8");
  const Json config = make_config({.quantized = {{"x", a}, {"y", b}, {"z", a}}, .unquantized = {}});
  const Json& groups = *config.find("config_groups");
  EXPECT_EQ(groups.find("group_0")->find("targets")->dump(), R"(["x", "z"])");
  EXPECT_EQ(groups.find("group_1")->find("targets")->dump(), R"(["y"])");
  EXPECT_TRUE(groups.find("group_1")->find("weights")->find("group_size")->is_null());
}

TEST(CompressedTensorsConfig, InfersWhatConfigsLeaveOut) {
  const auto scheme_of = [](std::string_view weights) {
    const Json config =
        Json::parse(R"({"format":"pack-quantized","config_groups":{"g":{"targets":["Linear"],"weights":)" +
                        std::string(weights) + "}}}",
                    "config.json");
    return parse_config(JsonCursor(config, "config.json")).at(0).scheme.name;
  };
  EXPECT_EQ(scheme_of("{}"), "int8-tensor");
  EXPECT_EQ(scheme_of(R"({"num_bits":4,"group_size":64})"), "int4-g64");
  EXPECT_EQ(scheme_of(R"({"num_bits":4,"group_size":-1,"symmetric":false})"), "int4-asym");
  EXPECT_EQ(scheme_of(R"({"strategy":"channel","actorder":"weight"})"), "int8");
}

TEST(CompressedTensorsConfig, RefusesWhatChangesNumbers) {
  struct Case {
    std::string key, json, message;
  };
  const std::string group = R"("targets":["Linear"],"weights":)";
  const std::vector<Case> cases = {
      {"format", R"("marlin-24")", "format: found 'marlin-24'"},
      {"format", "null", "format"},
      {"kv_cache_scheme", R"({"num_bits":8})", "kv_cache_scheme: found a quantized KV cache"},
      {"sparsity_config", R"({"format":"sparse-24-bitmask"})", "sparsity"},
      {"transform_config", R"({"config_groups":{}})", "transforms"},
      {"config_groups", "{}", "has no group"},
      {"config_groups", "[]", "config_groups"},
      {"config_groups", R"({"W4A16":["Linear"]})", "not presets"},
      {"config_groups", R"({"g":{"targets":["Linear"]}})", "weights"},
      {"config_groups", R"({"g":{"weights":{}}})", "targets"},
      {"config_groups", R"({"g":{"targets":[1],"weights":{}}})", "targets"},
      {"config_groups", "{\"g\":{" + group + R"({},"output_activations":{"num_bits":8}}})", "quantized outputs"},
      {"config_groups", "{\"g\":{" + group + R"({},"input_activations":{"num_bits":16}}})", "int16-static"},
      {"config_groups", "{\"g\":{" + group + R"({},"input_activations":{"dynamic":true}}})", "dynamic activations"},
      {"config_groups", "{\"g\":{" + group + R"({},"input_activations":{"dynamic":"local"}}})", "dynamic"},
      {"config_groups", "{\"g\":{" + group + R"({},"input_activations":{"type":"float","num_bits":4}}})",
       "floats of 4"},
      {"config_groups", "{\"g\":{" + group + R"({},"input_activations":{"type":"nf"}}})", "found 'nf'"},
      {"config_groups", "{\"g\":{" + group + R"({},"input_activations":{"dynamic":true,"strategy":"group"}}})",
       "group_size"},
      {"config_groups", "{\"g\":{" + group + R"({},"format":"marlin-24"}})", "'marlin-24'"},
      {"config_groups", "{\"g\":{" + group + R"({"type":"float"}}})", "integer weights only"},
      {"config_groups", "{\"g\":{" + group + R"({"dynamic":true}}})", "cannot be dynamic"},
      {"config_groups", "{\"g\":{" + group + R"({"num_bits":9}}})", "num_bits"},
      {"config_groups", "{\"g\":{" + group + R"({"strategy":"block"}}})", "'block'"},
      {"config_groups", "{\"g\":{" + group + R"({"strategy":"group"}}})", "positive group_size"},
      {"config_groups", "{\"g\":{" + group + R"({"group_size":0,"strategy":"group"}}})", "positive group_size"},
      {"config_groups", "{\"g\":{" + group + R"({"group_size":4}}})", "int8-g4"},
      {"config_groups", "{\"g\":{" + group + R"({"group_size":1e3}}})", "group_size"},
      {"config_groups", "{\"g\":{" + group + R"({"group_size":9223372036854775807}}})", "group_size"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.json);
    Json config = golden_config();
    config.set(c.key, Json::parse(c.json, "case"));
    if (c.key == "format") {
      config.set("config_groups", Json::parse("{\"g\":{" + group + "{}}}", "case"));
    }
    expect_error(ErrorCode::kInput, c.message, [&] { parse_config(JsonCursor(config, "config.json")); });
  }
}

TEST(CompressedTensors, RefusesWhatItCannotHold) {
  const auto why = [](std::string_view scheme, std::int64_t rows = 8, std::int64_t cols = 256) {
    return refusal(codec::parse_scheme(scheme), rows, cols).value_or("held");
  };
  EXPECT_EQ(why("int4-g128"), "held");
  EXPECT_EQ(why("int2-g16-asym"), "held");
  EXPECT_EQ(why("int8-tensor-asym"), "held");
  EXPECT_NE(why("int4-g32-min").find("stores a minimum"), std::string::npos);
  EXPECT_NE(why("int3-g32").find("2, 4 and 8"), std::string::npos);
  EXPECT_NE(why("int4-g128", 8, 130).find("do not divide 130"), std::string::npos);
  EXPECT_NE(why("int4-g128", 0, 128).find("empty"), std::string::npos);
  codec::Scheme scheme = codec::parse_scheme("int8");
  scheme.scale_dtype = DType::kF64;
  EXPECT_TRUE(refusal(scheme, 8, 8));
}

TEST(CompressedTensors, NeverWritesAScaleThatTheFileWouldRound) {
  codec::QuantizedTensor weight = codec::make_quantized(codec::parse_scheme("int4-g32"), 1, 32);
  for (const float scale : {1.0F / 3, 1e6F, std::numeric_limits<float>::infinity()}) {
    weight.scales = {scale};
    expect_error(ErrorCode::kInput, "module 'm': scale", [&] { encode("m", weight); });
  }
  weight.scales = {-0.25F};
  EXPECT_NO_THROW(encode("m", weight));
}

/// A module 'm' of [2, 8] with int4-g8 (one word and one f16 scale a row), whose parts a test replaces.
class CompressedTensorsModule : public ::testing::Test {
 protected:
  struct Part {
    std::string dtype, shape, data;
  };

  CompressedTensorsModule() {
    parts_["m.weight_packed"] = {"I32", "[2,1]", bytes_of<std::uint32_t>({0x76543210, 0xFEDCBA98})};
    parts_["m.weight_scale"] = {"F16", "[2,1]", bytes_of<std::uint16_t>({0x3C00, 0xC000})};  // 1, -2
    parts_["m.weight_shape"] = {"I64", "[2]", bytes_of<std::int64_t>({2, 8})};
    set_groups(R"("group_0":{"targets":["Linear"],"weights":{"num_bits":4,"group_size":8}})");
  }

  void set_groups(const std::string& groups) {
    config_ = Json::parse(R"({"format":"pack-quantized","config_groups":{)" + groups + "}}", "config.json");
  }

  graph::SourceMap open() {
    std::string header = "{", data;
    for (const auto& [name, part] : parts_) {
      header += (header.size() == 1 ? "\"" : ",\"") + name + R"(":{"dtype":")" + part.dtype + R"(","shape":)" +
                part.shape + R"(,"data_offsets":[)" + std::to_string(data.size()) + "," +
                std::to_string(data.size() + part.data.size()) + "]}";
      data += part.data;
    }
    return decode_with(config_, Reader(dir_.write("m.safetensors", test::file_of(header + "}", data))).stored());
  }

  void expect_refused(std::string_view part) {
    expect_error(ErrorCode::kInput, part, [&] { open(); });
  }

  std::vector<float> values() {
    const Tensor all = open().at("m.weight")->read();
    return {all.values<float>().begin(), all.values<float>().end()};
  }

  TempDir dir_;
  std::map<std::string, Part> parts_;
  Json config_;
};

// Worked by hand: codes 0..7 less 8, times 1; codes 8..15 less 8, times -2.
const std::vector<float> kValues = {-8, -7, -6, -5, -4, -3, -2, -1, 0, -2, -4, -6, -8, -10, -12, -14};

TEST_F(CompressedTensorsModule, ReadsAModule) {
  EXPECT_EQ(values(), kValues);
  parts_["m.weight_shape"] = {"I32", "[2]", bytes_of<std::int32_t>({2, 8})};
  EXPECT_EQ(values(), kValues);
}

TEST_F(CompressedTensorsModule, ReadsZeroPointsOfOldAndNewReleases) {
  set_groups(R"("g":{"targets":["Linear"],"weights":{"num_bits":4,"group_size":8,"symmetric":false}})");
  parts_["m.weight_zero_point"] = {"I32", "[1,1]", bytes_of<std::uint32_t>({0x0000000A8 & 0xFF})};  // 8, 10
  std::vector<float> expected = kValues;
  for (std::size_t i = 8; i < 16; ++i) expected[i] += 4;  // (q - 10) * -2
  EXPECT_EQ(values(), expected);
  parts_["m.weight_zero_point"] = {"I8", "[2,1]", bytes_of<std::int8_t>({0, 2})};
  EXPECT_EQ(values(), expected);
  parts_["m.weight_zero_point"] = {"I8", "[2,1]", bytes_of<std::int8_t>({0, 8})};
  expect_error(ErrorCode::kInput, "tensor 'm.weight_zero_point': holds 8, expected -8 to 7", [&] { values(); });
}

TEST_F(CompressedTensorsModule, RefusesPartsThatDisagree) {
  const auto original = parts_;
  const auto with = [&](const std::string& name, const Part& part, std::string_view message) {
    SCOPED_TRACE(name + " " + part.dtype + part.shape);
    parts_ = original;
    parts_[name] = part;
    expect_refused(message);
  };
  with("m.weight_packed", {"F32", "[2,1]", std::string(8, 0)}, "expected a matrix of i32");
  with("m.weight_packed", {"I32", "[2]", std::string(8, 0)}, "expected a matrix of i32");
  with("m.weight_packed", {"I32", "[2,2]", std::string(16, 0)}, "has 2 words a row, expected 1");
  with("m.weight_packed", {"I32", "[3,1]", std::string(12, 0)}, "says [2, 8], which does not fit");
  with("m.weight_packed", {"I32", "[2,0]", ""}, "does not fit");
  with("m.weight_shape", {"I64", "[2]", bytes_of<std::int64_t>({2, 17})}, "does not fit");
  with("m.weight_shape", {"I64", "[2]", bytes_of<std::int64_t>({2, 9})}, "expected 2 for 9 codes");
  with("m.weight_shape", {"I64", "[2]", bytes_of<std::int64_t>({2, -8})}, "does not fit");
  with("m.weight_shape", {"I64", "[2]", bytes_of<std::int64_t>({0, 8})}, "does not fit");
  with("m.weight_shape", {"I64", "[2]", bytes_of<std::int64_t>({2, std::numeric_limits<std::int64_t>::max()})},
       "does not fit");
  with("m.weight_shape", {"I64", "[2]", bytes_of<std::int64_t>({2, std::numeric_limits<std::int64_t>::min()})},
       "does not fit");
  with("m.weight_shape", {"I64", "[3]", bytes_of<std::int64_t>({2, 8, 1})}, "expected 2 integers");
  with("m.weight_shape", {"F32", "[2]", std::string(8, 0)}, "expected 2 integers");
  with("m.weight_scale", {"F16", "[2,2]", std::string(8, 0)}, "expected [2, 1]");
  with("m.weight_scale", {"F64", "[2,1]", std::string(16, 0)}, "weight_scale is f64");
  with("m.weight_zero_point", {"I32", "[1,1]", std::string(4, 0)}, "but the scheme is symmetric");
  with("m.weight_g_idx", {"I32", "[8]", bytes_of<std::int32_t>({0, 0, 0, 0, 1, 0, 0, 0})},
       "puts column 4 into group 1");
  with("m.weight_g_idx", {"I32", "[7]", std::string(28, 0)}, "expected [8] of i32");
  with("m.weight", {"F32", "[1]", std::string(4, 0)}, "stands beside 'm.weight'");
  with("x.weight_scale", {"F16", "[2,1]", std::string(4, 0)}, "has no 'x.weight_packed' beside it");
  parts_ = original;
  parts_["m.weight_g_idx"] = {"I32", "[8]", std::string(32, 0)};
  EXPECT_EQ(values(), kValues);
}

TEST_F(CompressedTensorsModule, RefusesAModuleWithoutItsParts) {
  const auto original = parts_;
  for (const std::string name : {"m.weight_scale", "m.weight_shape"}) {
    parts_ = original;
    parts_.erase(name);
    expect_refused("tensor 'm.weight_packed': has no '" + name + "' beside it");
  }
  parts_ = original;
  set_groups(R"("g":{"targets":["Linear"],"weights":{"num_bits":4,"group_size":8,"symmetric":false}})");
  expect_refused("weight_zero_point is missing");
  parts_ = {{"other", {"U8", "[0]", ""}}};
  expect_refused("no tensor holds codes");
}

TEST_F(CompressedTensorsModule, RefusesScalesThatAreNotFinite) {
  parts_["m.weight_scale"] = {"F16", "[2,1]", bytes_of<std::uint16_t>({0x3C00, 0x7E00})};
  const graph::SourceMap sources = open();
  std::vector<float> row(8);
  EXPECT_NO_THROW(sources.at("m.weight")->read_rows(0, 1, row.data()));
  expect_error(ErrorCode::kInput, "tensor 'm.weight_scale': value at [1, 0] is NaN",
               [&] { sources.at("m.weight")->read_rows(1, 1, row.data()); });
  parts_["m.weight_scale"] = {"F32", "[2,1]", bytes_of<float>({1, 3e38F})};
  expect_error(ErrorCode::kInput, "value at [1, 2] is infinite", [&] { values(); });
}

TEST_F(CompressedTensorsModule, ChoosesTheGroupThatNamesTheModule) {
  const std::string other = R"("g0":{"targets":["Linear"],"weights":{"num_bits":8,"strategy":"channel"}},)";
  // Only the second fits.
  set_groups(other + R"("g1":{"targets":["re:.*m"],"weights":{"num_bits":4,"group_size":8}})");
  EXPECT_EQ(values(), kValues);
  // The one that names the module does not fit.
  set_groups(R"("g0":{"targets":["m"],"weights":{"num_bits":8,"strategy":"channel"}},)"
             R"("g1":{"targets":["Linear"],"weights":{"num_bits":4,"group_size":8}})");
  expect_refused("'g0': weight_packed has 1 words a row, expected 2");
  // 2 and 4 bits fit alike into one word.
  set_groups(R"("g0":{"targets":["Linear"],"weights":{"num_bits":2,"strategy":"channel"}},)"
             R"("g1":{"targets":["re:x"],"weights":{"num_bits":4,"strategy":"channel"}})");
  expect_refused("fits both 'g0' and 'g1'");
}

}  // namespace
}  // namespace kerf::formats::safetensors::compressed_tensors
