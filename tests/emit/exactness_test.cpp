#include "emit/exactness.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "api/choice.h"
#include "api/emission.h"
#include "api/open_model.h"
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
  EXPECT_EQ(minimum.nearest, "int4-g32");
  const TargetExactness zero_points = exactness_of("gguf", "int4-g32-asym");
  EXPECT_FALSE(zero_points.exact);
  EXPECT_EQ(codec::parse_scheme(zero_points.nearest).bits, 4);
}

TEST(Exactness, WhereOnlyTheScalesAreInTheWayOtherScalesAreNearest) {
  const TargetExactness target = exactness_of("gguf", "int4-g32", "e8m0");
  EXPECT_FALSE(target.exact);
  EXPECT_EQ(target.nearest, "int4-g32 with scales of f16");
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

/// Default options, and each of the values that one of them is known to take.
std::vector<TargetOptions> ways(const TargetInfo& target) {
  std::vector<TargetOptions> all = {{}};
  for (const TargetOption& option : target.options) {
    for (const std::string_view value : option.values) {
      if (value != option.initial) all.push_back({{std::string(option.name), std::string(value)}});
    }
  }
  return all;
}

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

  void give_back(const TargetOptions& options, const quant::Candidate& candidate) {
    EmitModel model = api::emit_model(llama(), candidate, true);
    const test::TempDir folder;
    model.output = folder / ("out" + std::string(GetParam()->ending));
    const auto emission = GetParam()->plan(model, options);
    emission->open(model.output, false);
    emission->write(model);
    EXPECT_NO_THROW(read_back(emission->readable_path(), model));
  }

  /// In how many ways the target holds the scheme; each is tried.
  std::size_t ways_that_hold(const QuantizationChoice& choice) {
    const TargetInfo& target = *GetParam();
    const codec::Scheme scheme = codec::parse_scheme(choice.scheme);
    quant::Candidate candidate = api::make_candidate(llama(), choice, scheme.name);
    const EmitModel planned = api::emit_model(llama(), candidate, false);
    std::size_t held = 0;
    for (const TargetOptions& options : ways(target)) {
      SCOPED_TRACE(described(target, options, scheme) + " " + choice.scale_dtype);
      const TargetExactness claim = exactness(target, options, planned);
      if (!claim.exact) {
        EXPECT_FALSE(claim.reason.empty());
        continue;
      }
      if (held++ == 0) {
        const quant::Quantizer quantizer(llama().walker(), {&candidate}, {},
                                         std::make_shared<sweep::Budget>(std::uint64_t{1} << 24, "/tmp"));
      }
      give_back(options, candidate);
    }
    return held;
  }
};

TEST_P(Claims, AreHeld) {
  std::size_t held = 0;
  for (const codec::Scheme& scheme : all_schemes()) held += ways_that_hold(choice_of(scheme.name));
  RecordProperty("held", std::to_string(held));
  EXPECT_GT(held, 2U);
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
