#include "formats/gguf/rope.h"

#include <cmath>
#include <numbers>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;
using testing::ElementsAre;

const Architecture& llama() { return *find_architecture("llama"); }

description::Model model_with(const std::string& config, std::int64_t head_dim = 8, double theta = 10000) {
  description::Model model;
  model.config = Json::parse(config, "config.json");
  model.hyperparameters.head_dim = model.hyperparameters.rotary_dim = head_dim;
  model.hyperparameters.rope_theta = theta;
  return model;
}

struct Written {
  Metadata metadata;
  std::vector<RopeFactors> factors;
};
Written write(const description::Model& model, const Architecture& architecture = llama()) {
  Written written;
  written.factors = write_rope(model, architecture, written.metadata);
  return written;
}

Json read(const Metadata& metadata, const std::vector<RopeFactors>& factors = {}, std::int64_t head_dim = 8) {
  return read_rope(MetadataReader(metadata, "model.gguf"), llama(), head_dim, factors);
}

TEST(GgufRope, DefaultIsTheBaseAndTheDimensions) {
  for (const char* config : {"{}", R"({"rope_parameters": {"rope_type": "default"}})", R"({"rope_scaling": null})"}) {
    const Written written = write(model_with(config, 8, 500000));
    EXPECT_TRUE(written.factors.empty());
    EXPECT_EQ(written.metadata.size(), 2U);
    EXPECT_EQ(*written.metadata.find("llama.rope.dimension_count"), Value(std::uint32_t{8}));
    EXPECT_EQ(*written.metadata.find("llama.rope.freq_base"), Value(500000.0F));
    EXPECT_EQ(read(written.metadata).dump(), R"({"rope_theta": 500000.0, "rope_type": "default"})");
  }
}

TEST(GgufRope, LinearReadsBackUnderBothNamesOfTheConfiguration) {
  for (const char* config : {R"({"rope_parameters": {"rope_type": "linear", "factor": 4}})",
                             R"({"rope_scaling": {"type": "linear", "factor": 4}})"}) {
    const Written written = write(model_with(config));
    EXPECT_TRUE(written.factors.empty());
    EXPECT_EQ(*written.metadata.find("llama.rope.scaling.type"), Value(std::string("linear")));
    EXPECT_EQ(*written.metadata.find("llama.rope.scaling.factor"), Value(4.0F));
    EXPECT_EQ(read(written.metadata).dump(), R"({"rope_theta": 10000.0, "rope_type": "linear", "factor": 4.0})");
  }
}

constexpr const char* kLlama3 = R"({"rope_parameters": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
                                    "high_freq_factor": 4, "original_max_position_embeddings": 8192}})";

TEST(GgufRope, Llama3FactorsGiveTheFrequenciesOfTransformers) {
  // transformers, modeling_rope_utils.py, _compute_llama3_parameters.
  constexpr std::int64_t kHeadDim = 128;
  constexpr double kTheta = 500000;
  const auto tensors = write(model_with(kLlama3, kHeadDim, kTheta)).factors;
  ASSERT_EQ(tensors.size(), 1U);
  EXPECT_EQ(tensors.front().name, kRopeFactorsName);
  const std::vector<float>& factors = tensors.front().values;
  ASSERT_EQ(factors.size(), 64U);
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const double frequency = std::pow(kTheta, -2.0 * static_cast<double>(i) / kHeadDim);
    const double wavelength = 2 * std::numbers::pi / frequency;
    const double smooth = (8192 / wavelength - 1) / 3;
    const double expected = wavelength > 8192       ? frequency / 8
                            : wavelength < 8192 / 4 ? frequency
                                                    : (1 - smooth) * frequency / 8 + smooth * frequency;
    EXPECT_NEAR(frequency / static_cast<double>(factors[i]), expected, 1e-6 * expected) << i;
  }
  EXPECT_EQ(factors.front(), 1.0F);
  EXPECT_EQ(factors.back(), 8.0F);
}

TEST(GgufRope, FactorsReadBackAsTheyAre) {
  const Written written = write(model_with(kLlama3, 8, 500000));
  const Json config = read(written.metadata, written.factors);
  EXPECT_EQ(config.find("rope_type")->as_string(), "freq_factors");
  Json whole = Json::object();
  whole.set("rope_parameters", config);
  const Written again = write(model_with(whole.dump(), 8, 500000));
  EXPECT_EQ(again.factors.front().values, written.factors.front().values);
}

TEST(GgufRope, RefusesParametersThatMakeNoSense) {
  const auto refused = [](const std::string& parameters, std::string_view message) {
    expect_error(ErrorCode::kInput, message, [&] { write(model_with("{\"rope_parameters\": " + parameters + "}")); });
  };
  refused(R"({"rope_type": "linear"})", "factor");
  refused(R"({"rope_type": "llama3", "factor": 8})", "low_freq_factor");
  refused(R"({"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4,
              "original_max_position_embeddings": 8192})",
          "config.json: rope_parameters: found parameters of rope type llama3 that are not positive and ordered");
  refused(R"({"rope_type": "freq_factors", "factors": [1, 1, 1]})", "found 3 factors, expected 4");
}

TEST(GgufRope, RefusesWhatTheFormatCannotSay) {
  expect_error(ErrorCode::kUsage, "found rope type 'dynamic'",
               [] { write(model_with(R"({"rope_parameters": {"rope_type": "dynamic", "factor": 4}})")); });
  expect_error(ErrorCode::kUsage, "found mscale among the parameters of rope type yarn",
               [] { write(model_with(R"({"rope_parameters": {"rope_type": "yarn", "factor": 4, "mscale": 0.5}})")); });
  expect_error(ErrorCode::kUsage, "other than 32, 1 and true", [] {
    write(model_with(R"({"rope_parameters": {"rope_type": "yarn", "factor": 4, "beta_fast": 16}})"));
  });
  description::Model partial = model_with("{}");
  partial.hyperparameters.rotary_dim = 4;
  expect_error(ErrorCode::kUsage, "found 4 rotated dimensions of 8 in a head", [&] { write(partial); });
}

TEST(GgufRope, YarnReadsBack) {
  description::Model model = model_with(R"({"rope_parameters": {"rope_type": "yarn", "factor": 4,
                                            "original_max_position_embeddings": 32768}})");
  const Written written = write(model);
  EXPECT_EQ(*written.metadata.find("llama.rope.scaling.original_context_length"), Value(std::uint32_t{32768}));
  EXPECT_EQ(
      read(written.metadata).dump(),
      R"({"rope_theta": 10000.0, "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768})");
  expect_error(ErrorCode::kInput, "key 'llama.rope.scaling.original_context_length': found no such key", [] {
    Metadata metadata;
    metadata.set("llama.rope.scaling.type", std::string("yarn"));
    read(metadata);
  });
}

TEST(GgufRope, LongropeKeepsBothLists) {
  description::Model model = model_with(R"({"rope_scaling": {"type": "su", "short_factor": [1, 1.5, 2, 3],
                                            "long_factor": [2, 4, 6, 8]}, "original_max_position_embeddings": 16})");
  model.hyperparameters.context_length = 64;
  const Architecture& phi3 = *find_architecture("phi3");
  const Written written = write(model, phi3);
  ASSERT_EQ(written.factors.size(), 2U);
  EXPECT_EQ(written.factors[0].name, kLongFactorsName);
  EXPECT_THAT(written.factors[1].values, ElementsAre(1, 1.5, 2, 3));
  // sqrt(1 + ln 4 / ln 16)
  EXPECT_FLOAT_EQ(std::get<float>(*written.metadata.find("phi3.rope.scaling.attn_factor")), 1.2247449F);
  const Json rope = read_rope(MetadataReader(written.metadata, "m"), phi3, 8, written.factors);
  EXPECT_EQ(rope.find("rope_type")->as_string(), "longrope");
  EXPECT_EQ(rope.find("long_factor")->dump(), "[2.0, 4.0, 6.0, 8.0]");
  expect_error(ErrorCode::kInput, "tensor 'rope_factors_short.weight': found no such tensor",
               [&] { read_rope(MetadataReader(written.metadata, "m"), phi3, 8, {written.factors[0]}); });
  expect_error(ErrorCode::kInput, "without factors for long and for short texts",
               [&] { read_rope(MetadataReader(written.metadata, "m"), phi3, 8, {}); });
}

TEST(GgufRope, APartOfAHeadIsAFactorThatGivesItBack) {
  const Architecture& stablelm = *find_architecture("stablelm");
  for (std::int64_t size = 4; size <= 256; size += 2) {
    for (std::int64_t rotated = 2; rotated <= size; rotated += 2) {
      Metadata metadata;
      metadata.set("stablelm.rope.dimension_count", static_cast<std::uint32_t>(rotated));
      const Json rope = read_rope(MetadataReader(metadata, "m"), stablelm, size, {});
      const double part = rope.find("partial_rotary_factor")->as_double();
      ASSERT_EQ(static_cast<std::int64_t>(static_cast<double>(size) * part), rotated) << size;
    }
  }
  Metadata odd;
  odd.set("stablelm.rope.dimension_count", 3U);
  expect_error(ErrorCode::kInput, "found 3, expected an even number of up to 8",
               [&] { read_rope(MetadataReader(odd, "m"), stablelm, 8, {}); });
}

Metadata scaling(std::vector<std::pair<std::string, Value>> keys) {
  Metadata metadata;
  for (auto& [key, value] : keys) metadata.set("llama.rope." + key, std::move(value));
  return metadata;
}

double factor_of(std::vector<std::pair<std::string, Value>> keys) {
  const Json config = read(scaling(std::move(keys)));
  const Json* factor = config.find("factor");
  EXPECT_EQ(config.find("rope_type")->as_string(), factor == nullptr ? "default" : "linear");
  return factor == nullptr ? 1.0 : factor->as_double();
}

// llama.cpp: the type is linear unless a key says otherwise, and none never scales.
TEST(GgufRope, AFactorWithoutATypeScales) {
  const Value linear = std::string("linear"), none = std::string("none");
  EXPECT_EQ(factor_of({}), 1.0);
  EXPECT_EQ(factor_of({{"scaling.factor", 4.0F}}), 4.0);
  EXPECT_EQ(factor_of({{"scale_linear", 4.0F}}), 4.0);
  EXPECT_EQ(factor_of({{"scaling.type", linear}}), 1.0);
  EXPECT_EQ(factor_of({{"scaling.type", linear}, {"scale_linear", 4.0F}}), 4.0);
  EXPECT_EQ(factor_of({{"scaling.factor", 2.0F}, {"scale_linear", 4.0F}}), 2.0);
  EXPECT_EQ(factor_of({{"scaling.type", none}, {"scaling.factor", 4.0F}}), 1.0);
  EXPECT_EQ(factor_of({{"scaling.type", none}, {"scale_linear", 4.0F}}), 1.0);
}

TEST(GgufRope, RefusesFactorsThatAreNotPositiveByTheirKey) {
  for (const char* key : {"scaling.factor", "scale_linear"}) {
    for (const float factor : {0.0F, -1.0F}) {
      expect_error(ErrorCode::kInput, std::string("key 'llama.rope.") + key + "': found", [&] {
        read(scaling({{key, factor}}));
      });
    }
  }
  expect_error(ErrorCode::kInput, "key 'llama.rope.scaling.type': found 'dynamic'", [] {
    read(scaling({{"scaling.type", std::string("dynamic")}}));
  });
  expect_error(ErrorCode::kInput, "found another scaling beside rope_freqs.weight", [] {
    read(scaling({{"scaling.factor", 4.0F}}), {{kRopeFactorsName, {1, 1, 1, 1}}});
  });
}

}  // namespace
}  // namespace kerf::formats::gguf
