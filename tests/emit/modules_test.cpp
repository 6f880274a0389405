#include "emit/modules.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/random_tensor.h"

namespace kerf::emit {
namespace {

/// Two experts of two matrices each, as a graph meets them: expert by expert; and a projection.
struct Mixture {
  graph::Graph graph;
  EmitModel model;

  explicit Mixture(std::string_view scheme) {
    add("m.mlp.gate.weight", -1, "f32");
    for (int expert : {0, 1}) {
      for (const char* part : {"gate_proj", "down_proj"}) {
        add("m.mlp.experts." + std::to_string(expert) + "." + part + ".weight", expert, scheme);
      }
    }
    model.graph = &graph;
  }

  void add(const std::string& name, int expert, std::string_view scheme) {
    EmitTensor tensor;
    tensor.name = name;
    tensor.shape = {64, 64};
    tensor.scheme = codec::parse_scheme(scheme);
    graph::Weight weight;
    weight.name = name;
    weight.expert = expert;
    weight.source = graph::make_memory_source(test::random_normal({64, 64}, 1), name);
    tensor.value = graph.add_weight(std::move(weight));
    model.tensors.push_back(std::move(tensor));
  }

  std::vector<StoredModule> modules(std::string_view layout) const {
    return stored_modules(model, *formats::safetensors::find_layout(layout));
  }
};

TEST(StoredModules, ExpertsAreStackedWhereTheLayoutWantsThem) {
  const auto modules = Mixture("int4-g32").modules("mlx");
  ASSERT_EQ(modules.size(), 3U);
  EXPECT_EQ(modules[0].name, "m.mlp.gate.weight");
  EXPECT_FALSE(modules[0].stack);
  EXPECT_EQ(modules[1].name, "m.mlp.switch_mlp.gate_proj");
  EXPECT_EQ(modules[1].tensors, (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(modules[2].name, "m.mlp.switch_mlp.down_proj");
  EXPECT_EQ(modules[2].tensors, (std::vector<std::size_t>{2, 4}));
}

TEST(StoredModules, StandAloneElsewhereAndInPlainCheckpoints) {
  EXPECT_EQ(Mixture("int4-g32").modules("gptq").size(), 5U);
  EXPECT_EQ(Mixture("f16").modules("mlx").size(), 5U) << "no config says that they are stacked";
}

TEST(StoredModules, ExpertsOfAStackHaveOneScheme) {
  Mixture mixture("int4-g32");
  mixture.model.tensors[3].scheme = codec::parse_scheme("int8-g32");
  test::expect_error(ErrorCode::kUsage, "'m.mlp.experts.1.gate_proj.weight' as int8-g32 beside",
                     [&] { mixture.modules("mlx"); });
}

}  // namespace
}  // namespace kerf::emit
