// Models as both of PyTorch's exporters write them, with the logits that ONNX Runtime computes
// (tests/golden/README.md).

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "formats/checkpoint.h"
#include "formats/onnx/import.h"
#include "formats/safetensors/reader.h"
#include "models/model_graph.h"
#include "sweep/plan.h"
#include "tests/support/reference_executor.h"
#include "tests/support/source_dir.h"

namespace kerf::formats::onnx {
namespace {

struct GoldenCase {
  std::string path;
  std::string name() const { return file_name(path); }
};
void PrintTo(const GoldenCase& golden, std::ostream* out) { *out << golden.name(); }

std::vector<GoldenCase> golden_cases(const std::string& folder) {
  const std::string root = test::source_dir() + "/tests/golden/" + folder;
  std::vector<GoldenCase> cases;
  for (const std::string& name : list_directory(root)) cases.push_back({join_path(root, name)});
  return cases;
}

class OnnxGolden : public testing::TestWithParam<GoldenCase> {
 protected:
  Checkpoint checkpoint = open_checkpoint(GetParam().path + "/model.onnx");
  models::ModelGraph model{checkpoint.imported->description, checkpoint.imported->graph, {}};
  safetensors::Reader expected{GetParam().path + "/expected.safetensors"};

  double deviation(const std::map<std::string, Tensor>& inputs) {
    const Tensor logits = test::run_model(model, inputs), wanted = expected.read_tensor("logits");
    EXPECT_EQ(logits.shape(), wanted.shape());
    double difference = 0, scale = 0;
    for (std::int64_t i = 0; i < wanted.size(); ++i) {
      const double value = wanted.data<float>()[i];
      difference = std::max(difference, std::abs(static_cast<double>(logits.data<float>()[i]) - value));
      scale = std::max(scale, std::abs(value));
    }
    return difference / scale;
  }

  std::map<std::string, Tensor> inputs() const {
    std::map<std::string, Tensor> tensors;
    for (const auto& [name, entry] : expected.header().tensors) {
      if (name != "logits") tensors.emplace(name, expected.read_tensor(name));
    }
    return tensors;
  }

  bool is(std::string_view kind) const { return GetParam().name().find(kind) != std::string::npos; }
};

constexpr double kTolerance = 1e-4;

TEST_P(OnnxGolden, LogitsAreThoseOfOnnxRuntime) {
  const double found = deviation(inputs());
  RecordProperty("deviation", std::to_string(found));
  EXPECT_LT(found, kTolerance);
  EXPECT_GT(found, 0) << "computed by another program, yet equal to the last bit: is the golden its own oracle?";
}

TEST_P(OnnxGolden, OtherIdsGiveOtherLogits) {
  auto others = inputs();
  Tensor& ids = others.at("input_ids") = others.at("input_ids").clone();
  std::reverse(ids.values<std::int64_t>().begin(), ids.values<std::int64_t>().end());
  EXPECT_GT(deviation(others), 100 * kTolerance);
}

TEST_P(OnnxGolden, TaskAndSizesFollowFromTheGraph) {
  using description::Task;
  const auto& h = model.model.hyperparameters;
  EXPECT_EQ(h.vocab_size, 160);
  EXPECT_EQ(h.hidden_size, 64);
  EXPECT_EQ(h.layers, 2);
  const Task wanted = is("bert-mlm") ? Task::kMaskedLm : is("distilbert") ? Task::kClassification : Task::kCausalLm;
  EXPECT_EQ(model.model.task, wanted);
  EXPECT_EQ(h.max_positions, is("llama") ? 0 : 128);
}

/// Every matrix of the layers has its role, and every weight a place in the file.
TEST_P(OnnxGolden, RolesFollowFromModules) {
  using graph::Role;
  std::map<Role, int> roles;
  const auto& origins = static_cast<const ImportedOnnx&>(*checkpoint.imported).origins;
  for (const graph::ValueId id : model.graph.weights()) {
    ++roles[model.graph.value(id).weight.role];
    EXPECT_TRUE(origins.initializers.contains(id)) << model.graph.value(id).name;
  }
  if (is("gpt2")) {
    EXPECT_EQ(roles[Role::kQkv], 2);
  } else {
    for (const Role role : {Role::kQuery, Role::kKey, Role::kValue}) EXPECT_EQ(roles[role], 2) << role_name(role);
  }
  EXPECT_EQ(roles[Role::kGate], is("llama") ? 2 : 0);
  for (const Role role : {Role::kAttentionOutput, Role::kUp, Role::kDown}) EXPECT_EQ(roles[role], 2) << role_name(role);
  EXPECT_EQ(roles[Role::kEmbedding], 1);
  for (graph::NodeId n = 0; n < std::ssize(model.graph.nodes()); ++n) {
    const graph::Node& node = model.graph.node(n);
    if (node.op == "Linear") {
      EXPECT_FALSE(origins.nodes.at(n).empty()) << node.name;
    }
  }
}

/// A walk holds one layer at a time: masks and shapes follow from the inputs alone.
TEST_P(OnnxGolden, BlocksAreCutBetweenLayers) {
  const sweep::Plan plan = sweep::make_plan(model.graph);
  EXPECT_GE(plan.blocks.size(), 3U);
  for (const sweep::Block& block : plan.blocks) {
    EXPECT_LE(block.live_out.size(), 1U) << model.graph.value(block.live_out.front()).name << ", "
                                         << model.graph.value(block.live_out.back()).name;
  }
}

/// Architectures beyond kerf's own and other ways of exporting: pasts, merged branches, fused operators, opset 23.
class OnnxExport : public OnnxGolden {};

TEST_P(OnnxExport, LogitsAreThoseOfOnnxRuntime) { EXPECT_LT(deviation(inputs()), kTolerance); }

/// As the checkpoints of the same families are.
TEST_P(OnnxExport, ThoseWithAnEncoderAreNotCausal) {
  using description::Task;
  const bool paired = model.graph.find_input("decoder_input_ids").has_value();
  EXPECT_EQ(model.model.causal, model.model.task == Task::kCausalLm);
  if (is("t5")) {
    EXPECT_TRUE(paired);
    EXPECT_EQ(model.model.task, Task::kSequenceToSequence);
  }
}

std::string test_name(const testing::TestParamInfo<GoldenCase>& golden) {
  std::string name = golden.param.name();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(More, OnnxExport, testing::ValuesIn(golden_cases("onnx_exports")), test_name);
INSTANTIATE_TEST_SUITE_P(Exports, OnnxGolden, testing::ValuesIn(golden_cases("onnx")), test_name);

}  // namespace
}  // namespace kerf::formats::onnx
