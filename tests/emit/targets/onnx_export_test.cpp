// Every golden checkpoint as ONNX, read back: the graph that kerf writes computes what the checkpoint's own does.

#include "emit/targets/onnx_export.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "tests/models/checkpoints.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::emit {
namespace {

/// A checkpoint on its way out, all of it in one dtype.
struct Outgoing {
  formats::Checkpoint checkpoint;
  models::ModelGraph built;
  EmitModel model;

  explicit Outgoing(const std::string& name, const std::string& scheme = "f32")
      : checkpoint(models::golden(name)), built(models::build(checkpoint)) {
    model.model = &built.model;
    model.graph = &built.graph;
    model.source = &checkpoint;
    for (const graph::ValueId id : built.graph.weights()) {
      const graph::Weight& weight = built.graph.value(id).weight;
      EmitTensor tensor;
      tensor.name = weight.name;
      tensor.role = weight.role;
      tensor.shape = weight.source->shape();
      tensor.stored_transposed = checkpoint.tensors.at(weight.name) != weight.source;
      tensor.scheme = codec::parse_scheme(scheme);
      tensor.source = weight.source;
      tensor.value = id;
      model.tensors.push_back(std::move(tensor));
    }
  }

  std::unique_ptr<Emission> write(const std::string& path, const TargetOptions& options = {}) {
    model.output = path;
    auto emission = plan_onnx_export(model, options);
    emission->open(path, false);
    emission->write(model);
    emission->commit();
    return emission;
  }
};

/// max |difference| / max |value|
double deviation(const Tensor& found, const Tensor& wanted) {
  EXPECT_EQ(found.shape(), wanted.shape());
  double difference = 0, scale = 0;
  for (std::int64_t i = 0; i < wanted.size(); ++i) {
    const auto value = static_cast<double>(wanted.data<float>()[i]);
    difference = std::max(difference, std::abs(static_cast<double>(found.data<float>()[i]) - value));
    scale = std::max(scale, std::abs(value));
  }
  return difference / scale;
}

models::ModelGraph read_model(const std::string& path) {
  const formats::Checkpoint checkpoint = formats::open_checkpoint(path);
  return {checkpoint.imported->description, checkpoint.imported->graph, {}};
}

/// An odd number of tokens, some of which nobody sees: the first, or the last.
std::map<std::string, Tensor> masked_inputs(bool first) {
  std::vector<std::int64_t> mask{1, 1, 1, 1, 1, 1, 1};
  mask[first ? 0 : 6] = mask[first ? 1 : 5] = 0;
  return {{"input_ids", test::tensor_of<std::int64_t>({1, 7}, {5, 17, 40, 3, 59, 42, 9})},
          {"attention_mask", Tensor::from<std::int64_t>({1, 7}, std::span<const std::int64_t>(mask))}};
}

class OnnxExport : public testing::TestWithParam<std::string> {};

TEST_P(OnnxExport, ReadBackItComputesTheSame) {
  const test::TempDir folder;
  Outgoing outgoing(GetParam());
  const std::string path = folder / "model.onnx";
  const auto emission = outgoing.write(path);
  EXPECT_EQ(InputFile::open(path)->size(), emission->bytes());
  const models::ModelGraph again = read_model(path);
  if (outgoing.built.model.task != description::Task::kSequenceToSequence) {
    EXPECT_EQ(again.model.causal, outgoing.built.model.causal);
  }
  for (const auto& inputs :
       {std::map<std::string, Tensor>{{"input_ids", models::some_ids()}}, masked_inputs(true), masked_inputs(false)}) {
    EXPECT_LT(deviation(test::run_model(again, inputs), test::run_model(outgoing.built, inputs)), 2e-5);
  }
}

/// Names are the checkpoint's, and every weight is there once.
TEST_P(OnnxExport, WeightsKeepTheirNames) {
  const test::TempDir folder;
  Outgoing outgoing(GetParam(), "f16");
  outgoing.write(folder / "model.onnx");
  const formats::Checkpoint checkpoint = formats::open_checkpoint(folder / "model.onnx");
  for (const EmitTensor& tensor : outgoing.model.tensors) {
    const auto found = checkpoint.imported->stored.find(tensor.name);
    ASSERT_NE(found, checkpoint.imported->stored.end()) << tensor.name;
    EXPECT_EQ(found->second->dtype(), DType::kF16);
    EXPECT_EQ(found->second->shape(), outgoing.checkpoint.tensors.at(tensor.name)->shape());
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Checkpoints, OnnxExport,
                         testing::ValuesIn(list_directory(test::source_dir() + "/tests/golden/checkpoints")),
                         test_name);

TEST(OnnxExportFiles, ValuesLieBesideWhereAsked) {
  const test::TempDir folder;
  Outgoing outgoing("llama");
  const auto emission = outgoing.write(folder / "small.onnx", {{"external-data", "always"}});
  const auto graph = InputFile::open(folder / "small.onnx"), data = InputFile::open(folder / "small.onnx.data");
  EXPECT_EQ(graph->size() + data->size(), emission->bytes());
  EXPECT_LT(graph->size(), data->size());
  EXPECT_EQ(list_directory(folder.path()).size(), 2U);
  const std::map<std::string, Tensor> inputs{{"input_ids", models::some_ids()}};
  EXPECT_LT(
      deviation(test::run_model(read_model(folder / "small.onnx"), inputs), test::run_model(outgoing.built, inputs)),
      1e-5);
}

TEST(OnnxExportFiles, WhatPruningLeavesIsRefused) {
  Outgoing outgoing("llama");
  outgoing.model.reduced = true;
  test::expect_error(ErrorCode::kUsage, "write a folder, and convert that",
                     [&] { plan_onnx_export(outgoing.model, {}); });
}

TEST(OnnxExportFiles, RoundedActivationsNeedTheKindThatSaysSo) {
  Outgoing outgoing("llama", "int8");
  for (EmitTensor& tensor : outgoing.model.tensors) {
    if (tensor.shape.size() != 2) tensor.scheme = codec::parse_scheme("f32");
    if (tensor.role == graph::Role::kQuery) tensor.activations = codec::parse_activation_scheme("int8-static");
  }
  test::expect_error(ErrorCode::kUsage, "--onnx-kind static is the kind that does", [&] {
    plan_onnx_export(outgoing.model, {{"onnx-kind", "qdq"}});
  });
}

TEST(OnnxExportFiles, OptionsThatSayNothingAreRefusedAsTheyAreOfAnOnnxModel) {
  Outgoing outgoing("llama", "f32");
  test::expect_error(ErrorCode::kUsage, "--onnx-kind static rounds activations", [&] {
    plan_onnx_export(outgoing.model, {{"onnx-kind", "static"}});
  });
  test::expect_error(ErrorCode::kUsage, "--accuracy-level is MatMulNBits' own", [&] {
    plan_onnx_export(outgoing.model, {{"onnx-kind", "qdq"}, {"accuracy-level", "4"}});
  });
}

TEST(OnnxExportFiles, NoKindHasARangeOfEachTokensOwn) {
  Outgoing outgoing("llama", "int8");
  for (EmitTensor& tensor : outgoing.model.tensors) {
    if (tensor.shape.size() != 2) tensor.scheme = codec::parse_scheme("f32");
    if (tensor.role == graph::Role::kQuery) tensor.activations = codec::parse_activation_scheme("int8-dynamic");
  }
  for (const char* kind : {"qdq", "dynamic", "static"}) {
    test::expect_error(ErrorCode::kUsage, "a range of each token's own has no operator", [&] {
      plan_onnx_export(outgoing.model, {{"onnx-kind", kind}});
    });
  }
}

}  // namespace
}  // namespace kerf::emit
