#include "emit/targets/onnx_options.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::emit {
namespace {

using test::expect_error;

EmitModel model_with(const char* activations) {
  EmitModel model;
  model.tensors.resize(2);
  model.tensors[1].scheme = codec::parse_scheme("int8");
  if (activations != nullptr) model.tensors[1].activations = codec::parse_activation_scheme(activations);
  return model;
}

TEST(OnnxOptions, RoundedActivationsHaveAKindOfTheirOwn) {
  EXPECT_EQ(onnx_kind(model_with(nullptr), {}).name, "matmulnbits");
  EXPECT_EQ(onnx_kind(model_with("int8-static"), {}).name, "static");
  EXPECT_EQ(onnx_kind(model_with(nullptr), {{"onnx-kind", "QDQ"}}).name, "qdq");
}

TEST(OnnxOptions, AKindThatRoundsActivationsWantsSome) {
  expect_error(ErrorCode::kUsage, "--onnx-kind static rounds activations: give --activations int8-static", [] {
    onnx_kind(model_with(nullptr), {{"onnx-kind", "static"}});
  });
  EXPECT_EQ(onnx_kind(model_with("int8-static"), {{"onnx-kind", "static"}}).name, "static");
}

TEST(OnnxOptions, OnlyProductsOfCodesRoundTheirActivations) {
  EmitModel model = model_with("int8-static");
  model.tensors[1].scheme = codec::parse_scheme("f16");
  expect_error(ErrorCode::kUsage, "only products of quantized weights say so", [&] { onnx_kind(model, {}); });
}

TEST(OnnxOptions, TheAccuracyLevelIsOneOperators) {
  const TargetOptions options = {{"accuracy-level", "4"}};
  EXPECT_EQ(onnx_form(options, formats::onnx::find_kind("matmulnbits")).accuracy_level, 4);
  EXPECT_EQ(onnx_form({}, formats::onnx::find_kind("qdq")).accuracy_level, 0);
  expect_error(ErrorCode::kUsage, "MatMulNBits' own, and --onnx-kind qdq has none",
               [&] { onnx_form(options, formats::onnx::find_kind("qdq")); });
}

TEST(OnnxOptions, WhatTheRuntimeRoundsIsNoted) {
  EXPECT_NE(onnx_kind_note(formats::onnx::find_kind("dynamic")).find("one range for all tokens"), std::string::npos);
  EXPECT_EQ(onnx_kind_note(formats::onnx::find_kind("static")), "");
}

}  // namespace
}  // namespace kerf::emit
