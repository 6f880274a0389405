// The golden models with every name that says something taken away: what their weights are for must be seen all the
// same.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/formats/onnx/model_builder.h"
#include "tests/support/source_dir.h"

namespace kerf::formats::onnx {
namespace {

std::string anonymous(const std::string& name, const std::vector<std::string>& kept) {
  if (name.empty() || std::find(kept.begin(), kept.end(), name) != kept.end()) return name;
  return "t" + std::to_string(std::hash<std::string>()(name) % 1000000007U);
}

/// Nodes, modules and values named by numbers, inputs and outputs as they are.
std::string without_names(const std::string& bytes) {
  proto::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  auto& graph = *model.mutable_graph();
  EXPECT_EQ(model.functions_size(), 0);
  std::vector<std::string> kept;
  for (const auto& input : graph.input()) kept.push_back(input.name());
  for (const auto& output : graph.output()) kept.push_back(output.name());
  for (auto& node : *graph.mutable_node()) {
    node.clear_name();
    node.clear_metadata_props();
    for (std::string& input : *node.mutable_input()) input = anonymous(input, kept);
    for (std::string& output : *node.mutable_output()) output = anonymous(output, kept);
  }
  for (auto& tensor : *graph.mutable_initializer()) tensor.set_name(anonymous(tensor.name(), kept));
  graph.clear_value_info();
  return model.SerializeAsString();
}

std::vector<std::string> roles_of(const graph::Graph& graph) {
  std::vector<std::string> roles;
  for (const graph::ValueId id : graph.weights()) {
    const graph::Weight& weight = graph.value(id).weight;
    if (graph::is_linear_role(weight.role)) {  // of several matrices behind the layers names alone say which are heads
      roles.emplace_back(graph::role_name(weight.role));
    }
  }
  return roles;
}

TEST(StructuralRoles, AreThoseThatNamesSay) {
  const std::string root = test::source_dir() + "/tests/golden/onnx";
  for (const std::string& name : list_directory(root)) {
    const std::string bytes = read_file(join_path(root, name) + "/model.onnx", std::uint64_t{1} << 24);
    const auto named = import_model(ModelBuilder::source_of(bytes), Json());
    const auto nameless = import_model(ModelBuilder::source_of(without_names(bytes)), Json());
    EXPECT_EQ(roles_of(nameless->graph), roles_of(named->graph)) << name;
    EXPECT_GT(roles_of(named->graph).size(), 4U) << name;
  }
}

}  // namespace
}  // namespace kerf::formats::onnx
