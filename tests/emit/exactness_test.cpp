#include "emit/exactness.h"

#include <algorithm>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/choice.h"
#include "api/emission.h"
#include "api/open_model.h"
#include "codec/activation.h"
#include "core/error.h"
#include "core/strings.h"
#include "emit/read_back.h"
#include "quant/quantizer.h"
#include "tests/support/random_tensor.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_dir.h"

namespace kerf::emit {
namespace {

TargetExactness exactness_of(const std::string& target, const std::string& scheme,
                             const std::string& scale_dtype = "") {
  const api::OpenModel model(test::source_dir() + "/tests/golden/checkpoints/llama");
  QuantizationChoice choice;
  choice.scheme = scheme;
  choice.scale_dtype = scale_dtype;
  choice.method = "rtn";
  const quant::Candidate candidate = api::make_candidate(model, choice, scheme);
  return exactness(find_target(target), {}, api::emit_model(model, candidate, false));
}

TEST(Exactness, WhatATargetHoldsIsExact) {
  EXPECT_TRUE(exactness_of("gguf", "int4-g32").exact);
  EXPECT_TRUE(exactness_of("compressed-tensors", "int4-g32").exact);
  EXPECT_TRUE(exactness_of("gguf", "f16").exact);
}

TEST(Exactness, WhatItCannotHoldHasAReasonAndTheNearestThatItCan) {
  const TargetExactness minimum = exactness_of("compressed-tensors", "int4-g32-min");
  EXPECT_FALSE(minimum.exact);
  EXPECT_FALSE(minimum.reason.empty());
  EXPECT_EQ(minimum.nearest, "int4-g32-asym");
  const TargetExactness zero_points = exactness_of("gguf", "int4-g32-asym");
  EXPECT_FALSE(zero_points.exact);
  EXPECT_EQ(codec::parse_scheme(zero_points.nearest).bits, 4);
}

TEST(Exactness, WhereOnlyTheScalesAreInTheWayOtherScalesAreNearest) {
  const TargetExactness target = exactness_of("gguf", "int4-g32", "e8m0");
  EXPECT_FALSE(target.exact);
  EXPECT_EQ(target.nearest, "int4-g32 with scales of f16");
}

TEST(Exactness, AFormatThatNeedsAnOptionIsNamedWithIt) {
  const api::OpenModel model(test::source_dir() + "/tests/golden/checkpoints/llama");
  const auto holding = [&](const std::string& scheme) {
    QuantizationChoice choice;
    choice.scheme = scheme;
    choice.method = "rtn";
    return formats_that_hold(api::emit_model(model, api::make_candidate(model, choice, scheme), false));
  };
  EXPECT_THAT(holding("int3-g64-asym"), testing::Contains("gptq --gptq-format v2"));
  EXPECT_THAT(holding("int4-g33"), testing::Contains("onnx --onnx-kind qdq"));
  EXPECT_THAT(holding("int4-g32"), testing::IsSupersetOf({"gguf", "onnx", "gptq"}));
}

TEST(Exactness, ReasonAndNearestAgree) {
  for (const char* scheme : {"f8_e5m2", "nf4-g64"}) {
    const TargetExactness target = exactness_of("compressed-tensors", scheme);
    EXPECT_THAT(target.reason, testing::HasSubstr("f8_e4m3")) << scheme;
    EXPECT_FALSE(target.nearest.empty());
  }
  EXPECT_THAT(exactness_of("mlx", "nf4-g64").reason,
              testing::HasSubstr("integers with scales of their own, mxfp4 and mxfp8, not nf4-g64"));
}

TEST(Exactness, NearSchemesComeFirst) {
  const auto near = nearest_schemes(codec::parse_scheme("int4-g32-asym"));
  ASSERT_GT(near.size(), 50U);
  EXPECT_TRUE(std::none_of(near.begin(), near.end(), [](const auto& s) { return s.name == "int4-g32-asym"; }));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(near[static_cast<std::size_t>(i)].bits, 4);
  EXPECT_NE(near.back().bits, 4);
}

TEST(Exactness, IsKnownOfEveryTarget) {
  const api::OpenModel model(test::source_dir() + "/tests/golden/checkpoints/llama");
  QuantizationChoice choice;
  choice.scheme = "int4-g32";
  choice.method = "rtn";
  const auto all = exactness_of_all(api::emit_model(model, api::make_candidate(model, choice, ""), false));
  ASSERT_EQ(all.size(), targets().size());
  for (const TargetExactness& one : all) EXPECT_NE(one.exact, one.reason.empty() ? false : true) << one.format;
}

// Every format, in every way that its options know, against every scheme: what it claims to hold it gives back to the
// bit, and what it cannot it refuses with a sentence.

constexpr const char* kConfig =
    R"({"model_type": "llama", "vocab_size": 40, "hidden_size": 256, "intermediate_size": 256,
  "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 1, "max_position_embeddings": 64,
  "rms_norm_eps": 1e-5, "hidden_act": "silu", "tie_word_embeddings": false})";

test::TensorBytes random_weight(const std::string& name, Shape shape) {
  const Tensor values = test::random_normal(shape, name.size());
  const auto bytes = std::as_bytes(values.values<float>());
  return {name, "F32", std::move(shape), std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())};
}

/// A Llama of one layer, of rows that every block divides.
class SmallLlama {
 public:
  SmallLlama() {
    std::vector<test::TensorBytes> tensors = {random_weight("model.embed_tokens.weight", {40, 256}),
                                              random_weight("lm_head.weight", {40, 256}),
                                              random_weight("model.norm.weight", {256})};
    const std::string layer = "model.layers.0.";
    for (const char* norm : {"input_layernorm", "post_attention_layernorm"}) {
      tensors.push_back(random_weight(layer + norm + ".weight", {256}));
    }
    for (const auto& [part, rows] : {std::pair("self_attn.q_proj", 256),
                                     {"self_attn.k_proj", 64},
                                     {"self_attn.v_proj", 64},
                                     {"self_attn.o_proj", 256},
                                     {"mlp.gate_proj", 256},
                                     {"mlp.up_proj", 256},
                                     {"mlp.down_proj", 256}}) {
      tensors.push_back(random_weight(layer + part + ".weight", {rows, 256}));
    }
    folder_.write("config.json", kConfig);
    folder_.write("model.safetensors", test::safetensors_bytes(tensors));
  }
  std::string path() const { return folder_.path(); }

 private:
  test::TempDir folder_;
};

std::vector<codec::Scheme> all_schemes() {
  const codec::Scheme first = codec::parse_scheme("int4-g32");
  std::vector<codec::Scheme> all = nearest_schemes(first);
  all.push_back(first);
  return all;
}

std::string described(const TargetInfo& target, const TargetOptions& options, const codec::Scheme& scheme) {
  std::string text = std::string(target.name) + " " + scheme.name;
  for (const auto& [name, value] : options) text += " --" + name + " " + value;
  return text;
}

class Claims : public testing::TestWithParam<const TargetInfo*> {
 protected:
  static const api::OpenModel& llama() {
    static const SmallLlama files;
    static const api::OpenModel model(files.path());
    return model;
  }

  static QuantizationChoice choice_of(const std::string& scheme, const std::string& scale_dtype = "") {
    QuantizationChoice choice;
    choice.scheme = scheme;
    choice.scale_dtype = scale_dtype;
    choice.method = "rtn";
    return choice;
  }

  void give_back(const TargetOptions& options, EmitModel model) {
    const test::TempDir folder;
    model.output = folder / ("out" + std::string(GetParam()->ending));
    const auto emission = GetParam()->plan(model, options);
    emission->open(model.output, false);
    emission->write(model);
    EXPECT_NO_THROW(read_back(emission->readable_path(), model));
  }

  static void quantize(quant::Candidate& candidate) {
    const quant::Quantizer quantizer(llama().walker(), {&candidate}, {},
                                     std::make_shared<sweep::Budget>(std::uint64_t{1} << 24, "/tmp"));
  }

  /// In how many ways the target holds the scheme; each is tried.
  std::size_t ways_that_hold(const QuantizationChoice& choice) {
    const TargetInfo& target = *GetParam();
    const codec::Scheme scheme = codec::parse_scheme(choice.scheme);
    quant::Candidate candidate = api::make_candidate(llama(), choice, scheme.name);
    const EmitModel planned = api::emit_model(llama(), candidate, false);
    std::size_t held = 0;
    for (const TargetOptions& options : known_options(target)) {
      SCOPED_TRACE(described(target, options, scheme) + " " + choice.scale_dtype);
      const TargetExactness claim = exactness(target, options, planned);
      if (!claim.exact) {
        EXPECT_FALSE(claim.reason.empty());
        continue;
      }
      if (held++ == 0) quantize(candidate);
      give_back(options, api::emit_model(llama(), candidate, true));
    }
    return held;
  }

  static bool is_planned(const TargetOptions& options, const EmitModel& model) {
    try {
      GetParam()->plan(model, options);
      return true;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage);
      return false;
    }
  }
};

/// The model with what every linear layer multiplies rounded, by one range where that is calibrated.
EmitModel with_activations(EmitModel model, const codec::ActivationScheme& scheme) {
  const auto quantizer = scheme.dynamic ? codec::make_dynamic_quantizer(scheme)
                                        : codec::make_static_quantizer(scheme, codec::ValueRange{-1, 2});
  for (EmitTensor& tensor : model.tensors) {
    if (!graph::is_linear_role(tensor.role)) continue;
    tensor.activations = scheme;
    tensor.input_quantizer = quantizer;
  }
  return model;
}

std::vector<codec::ActivationScheme> all_activations() {
  std::vector<codec::ActivationScheme> all;
  for (const codec::ActivationFamily* family : codec::activation_families()) {
    for (const std::string& name : family->examples) all.push_back(codec::parse_activation_scheme(name));
  }
  for (const char* name : {"int8-dynamic-g64", "int3-static-asym"}) {
    all.push_back(codec::parse_activation_scheme(name));
  }
  return all;
}

TEST_P(Claims, AreHeld) {
  std::size_t held = 0;
  for (const codec::Scheme& scheme : all_schemes()) held += ways_that_hold(choice_of(scheme.name));
  RecordProperty("held", std::to_string(held));
  EXPECT_GT(held, 2U);
}

/// What is planned must be written and read back: no run may end in a file that kerf itself does not understand.
TEST_P(Claims, OfRoundedActivationsAreHeld) {
  std::vector<codec::Scheme> schemes = all_schemes();
  schemes.push_back(codec::parse_scheme("f16"));
  std::size_t held = 0;
  for (const codec::Scheme& scheme : schemes) {
    quant::Candidate candidate = api::make_candidate(llama(), choice_of(scheme.name), scheme.name);
    const EmitModel planned = api::emit_model(llama(), candidate, false);
    std::optional<EmitModel> quantized;
    for (const codec::ActivationScheme& activations : all_activations()) {
      for (const TargetOptions& options : known_options(*GetParam())) {
        SCOPED_TRACE(described(*GetParam(), options, scheme) + " " + activations.name);
        if (!is_planned(options, with_activations(planned, activations))) continue;
        if (!quantized) {
          quantize(candidate);
          quantized = api::emit_model(llama(), candidate, true);
        }
        give_back(options, with_activations(*quantized, activations));
        ++held;
      }
    }
  }
  RecordProperty("held", std::to_string(held));
  EXPECT_EQ(held > 0, GetParam()->name == "compressed-tensors" || GetParam()->name == "onnx");
}

/// The reason says what the format cannot; what it can is said once, as the nearest.
TEST_P(Claims, ReasonsNameNoOtherSchemeThanTheNearest) {
  for (const codec::Scheme& scheme : all_schemes()) {
    const quant::Candidate candidate = api::make_candidate(llama(), choice_of(scheme.name), scheme.name);
    const EmitModel planned = api::emit_model(llama(), candidate, false);
    const TargetExactness claim = exactness(*GetParam(), {}, planned);
    if (claim.exact) continue;
    for (const codec::Scheme& other : all_schemes()) {
      const std::string integers = "int" + std::to_string(other.bits) + "-";
      if (!starts_with(other.name, integers) || other.name == scheme.name || other.name == claim.nearest) continue;
      const auto words = split(claim.reason, ' ');
      EXPECT_EQ(std::count(words.begin(), words.end(), other.name), 0) << claim.reason << "; nearest " << claim.nearest;
    }
  }
}

/// Scales of 8 bits are in files of plain floats, if those hold them.
TEST_P(Claims, OfScalesOfOtherDtypesAreHeld) {
  std::size_t held = 0;
  for (const char* dtype : {"bf16", "f32", "e8m0", "f8_e4m3"}) {
    for (const char* scheme : {"int4-g32", "int8", "int4-g128-asym", "int8-g32-asym", "int4-tensor", "int3-g64",
                               "nf4-g64", "f8_e4m3", "f8_e4m3-b128x128"}) {
      if (!codec::scale_dtype_refusal(codec::parse_scheme(scheme), api::scale_dtype(choice_of(scheme, dtype)))) {
        held += ways_that_hold(choice_of(scheme, dtype));
      }
    }
  }
  const bool f16_alone = GetParam()->name == "gguf" || GetParam()->name == "gptq" || GetParam()->name == "awq";
  EXPECT_EQ(held == 0, f16_alone);
}

INSTANTIATE_TEST_SUITE_P(Formats, Claims, testing::ValuesIn(targets()), [](const auto& instance) {
  std::string name(instance.param->name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace kerf::emit
