// Layer errors beside those of the reference implementations of GPTQ and AWQ, on the same weights and the same tokens
// (tests/golden/make_methods.py).
#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/json.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"

namespace kerf::quant {
namespace {

struct Golden {
  JsonCursor json;
  test::GoldenModel model{formats::open_checkpoint(test::source_dir() + "/examples/tiny-llama")};
  std::shared_ptr<const std::vector<sweep::WindowInputs>> windows;

  static const Golden& get() {
    static const Golden golden;
    return golden;
  }

 private:
  Golden() : json(read_json()) {
    const std::int64_t length = json.at("length").as_int64();
    const auto all = json.at("ids");
    auto cut = std::make_shared<std::vector<sweep::WindowInputs>>();
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < all.as_array().size(); ++i) {
      ids.push_back(all.at(i).as_int64());
      if (static_cast<std::int64_t>(ids.size()) < length) continue;
      cut->push_back(sweep::bind_ids(model.built.graph, model.built.model, ids));
      ids.clear();
    }
    windows = std::move(cut);
  }
  static JsonCursor read_json() {
    const std::string path = test::source_dir() + "/tests/golden/methods/tiny-llama.json";
    static const Json json = Json::parse(read_file(path, 1 << 20), path);
    return JsonCursor(json, path);
  }
};

graph::ValueId weight_named(const graph::Graph& graph, const std::string& name) {
  for (const graph::ValueId id : graph.weights()) {
    if (graph.value(id).weight.name == name) return id;
  }
  throw std::runtime_error("no weight " + name);
}

/// |(W - V) x|^2 / |W x|^2 over all tokens of the reference's stream.
double layer_error(const Golden& golden, graph::ValueId weight, const Tensor& rounded) {
  const sweep::Walker& walker = golden.model.walker;
  const sweep::Site& site = walker.plan().sites[static_cast<std::size_t>(walker.plan().site_of(weight))];
  const graph::ValueId input = walker.graph().node(site.linear_uses.front()).inputs[0];
  const Tensor exact = walker.graph().value(weight).weight.source->read();
  Tensor lost = exact.clone();
  for (std::int64_t i = 0; i < lost.size(); ++i) lost.data<float>()[i] -= rounded.data<float>()[i];
  const std::int64_t rows = exact.dim(0), cols = exact.dim(1);
  double error = 0, whole = 0;
  const auto squares = [&](const Tensor& x, const Tensor& w) {
    const std::int64_t tokens = x.size() / cols;
    std::vector<float> y(static_cast<std::size_t>(tokens * rows));
    ops::linalg::gemm(false, true, tokens, rows, cols, 1.0F, x.data<float>(), cols, w.data<float>(), cols, 0.0F,
                      y.data(), rows);
    double sum = 0;
    for (const float value : y) sum += static_cast<double>(value) * static_cast<double>(value);
    return sum;
  };
  const sweep::Stream stream(golden.windows, budget_of(std::uint64_t{1} << 30));
  walker.visit(stream, site.linear_uses.front(), {&input, 1}, nullptr, nullptr, std::nullopt,
               [&](std::size_t, std::span<const Tensor> values) {
                 error += squares(values.front(), lost);
                 whole += squares(values.front(), exact);
               });
  return error / whole;
}

class AgainstGptq : public testing::TestWithParam<const char*> {};

TEST_P(AgainstGptq, LayerErrorsAreNoLarger) {
  const Golden& golden = Golden::get();
  Candidate rtn = candidate_of(golden.model.walker, GetParam(), "rtn");
  Candidate gptq = candidate_of(golden.model.walker, GetParam(), "gptq");
  gptq.options.sequential = false;
  CalibrationData data;
  data.windows = golden.windows;
  quantize(golden.model.walker, {&rtn, &gptq}, data);
  int compared = 0;
  const JsonCursor entries = golden.json.at("gptq");
  for (std::size_t i = 0; i < entries.as_array().size(); ++i) {
    const JsonCursor entry = entries.at(i);
    if (entry.at("scheme").as_string() != GetParam()) continue;
    const std::string name = entry.at("weight").as_string();
    const graph::ValueId weight = weight_named(golden.model.built.graph, name);
    // The same grid, but for the rounding of its scales to f16 and the signed extreme.
    EXPECT_LE(layer_error(golden, weight, rtn.overlay.entries().at(weight)->read()), 1.02 * entry.at("rtn").as_double())
        << name;
    EXPECT_LE(layer_error(golden, weight, gptq.overlay.entries().at(weight)->read()), entry.at("gptq").as_double())
        << name;
    ++compared;
  }
  EXPECT_EQ(compared, 10);
}

INSTANTIATE_TEST_SUITE_P(Grids, AgainstGptq, testing::Values("int4-g32", "int4-g128-asym", "int3-g64-asym"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// |y' - y|^2 / |y|^2 of what a layer gives when it alone is changed.
double block_error(const Golden& golden, std::int64_t layer, const Candidate& candidate) {
  const sweep::Walker& walker = golden.model.walker;
  sweep::Overlay overlay;
  graph::NodeId end = 0;
  for (std::size_t n = 0; n < walker.graph().nodes().size(); ++n) {
    const graph::Node& node = walker.graph().nodes()[n];
    if (node.layer != layer) continue;
    end = static_cast<graph::NodeId>(n) + 1;
    for (const graph::ValueId id : node.inputs) {
      if (id == graph::kNoValue) continue;
      if (const graph::SourcePtr* source = candidate.overlay.find(id)) overlay.set(id, *source);
    }
  }
  const graph::ValueId output = walker.graph().node(end - 1).outputs[0];
  const sweep::Stream stream(golden.windows, budget_of(std::uint64_t{1} << 30));
  const auto run = [&](const sweep::Overlay* under) {
    std::vector<Tensor> outputs;
    walker.visit(stream, end, {&output, 1}, under, nullptr, std::nullopt,
                 [&](std::size_t, std::span<const Tensor> values) { outputs.push_back(values.front()); });
    return outputs;
  };
  const std::vector<Tensor> before = run(nullptr), after = run(&overlay);
  double error = 0, whole = 0;
  for (std::size_t w = 0; w < before.size(); ++w) {
    for (std::int64_t i = 0; i < before[w].size(); ++i) {
      const double y = static_cast<double>(before[w].data<float>()[i]);
      const double d = static_cast<double>(after[w].data<float>()[i]) - y;
      error += d * d;
      whole += y * y;
    }
  }
  return error / whole;
}

TEST(AgainstAwq, ErrorsOfLayersAreNoLarger) {
  const Golden& golden = Golden::get();
  Candidate rtn = candidate_of(golden.model.walker, "int4-g128-asym", "rtn");
  Candidate awq = candidate_of(golden.model.walker, "int4-g128-asym", "rtn", {"awq"});
  CalibrationData data;
  data.windows = golden.windows;
  quantize(golden.model.walker, {&rtn, &awq}, data);
  const JsonCursor entries = golden.json.at("awq");
  ASSERT_EQ(entries.as_array().size(), 2U);
  for (std::size_t i = 0; i < entries.as_array().size(); ++i) {
    const JsonCursor entry = entries.at(i);
    const std::int64_t layer = entry.at("layer").as_int64();
    const double plain = entry.at("rtn").as_double();
    EXPECT_NEAR(block_error(golden, layer, rtn), plain, 0.03 * plain);
    EXPECT_LE(block_error(golden, layer, awq), 1.01 * entry.at("awq").as_double()) << layer;
  }
}

}  // namespace
}  // namespace kerf::quant
