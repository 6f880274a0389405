#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "core/random.h"
#include "formats/checkpoint.h"
#include "formats/onnx/import.h"
#include "models/model_graph.h"
#include "sweep/bind.h"
#include "sweep/walker.h"
#include "tests/support/source_dir.h"

namespace kerf::test {

/// A golden checkpoint, opened, with a way to run it. Pinned in memory: the walker refers to the graph.
struct GoldenModel {
  explicit GoldenModel(const std::string& name)
      : GoldenModel(formats::open_checkpoint(test::source_dir() + "/tests/golden/checkpoints/" + name)) {}
  /// A checkpoint that a test has changed, or an imported model.
  explicit GoldenModel(formats::Checkpoint opened)
      : checkpoint(std::move(opened)),
        built(checkpoint.imported
                  ? models::ModelGraph{checkpoint.imported->description, checkpoint.imported->graph, {}}
                  : models::build_model(JsonCursor(checkpoint.config, checkpoint.config_file), checkpoint.tensors)),
        walker(built.graph) {}
  GoldenModel(const GoldenModel&) = delete;
  GoldenModel& operator=(const GoldenModel&) = delete;

  /// Windows of `length` ids each, drawn from the vocabulary.
  std::shared_ptr<const std::vector<sweep::WindowInputs>> windows(std::int64_t count, std::int64_t length,
                                                                  std::uint64_t seed) const {
    Random random(seed);
    auto result = std::make_shared<std::vector<sweep::WindowInputs>>();
    for (std::int64_t w = 0; w < count; ++w) {
      std::vector<std::int64_t> ids;
      for (std::int64_t i = 0; i < length; ++i) {
        ids.push_back(static_cast<std::int64_t>(
            random.below(static_cast<std::uint64_t>(built.model.hyperparameters.vocab_size))));
      }
      result->push_back(sweep::bind_ids(built.graph, built.model, ids));
    }
    return result;
  }

  /// Logits of every window under an overlay (null: none), walked block by block.
  std::vector<Tensor> logits(const std::shared_ptr<const std::vector<sweep::WindowInputs>>& inputs,
                             const sweep::Overlay* overlay, std::uint64_t ram = std::uint64_t{1} << 30) const {
    const auto budget = std::make_shared<sweep::Budget>(ram, "/tmp");
    sweep::Stream stream(inputs, budget);
    const auto& blocks = walker.plan().blocks;
    for (std::size_t b = 0; b + 1 < blocks.size(); ++b) walker.advance(stream, blocks[b].end, overlay, nullptr);
    const graph::ValueId output = *built.graph.find_output("logits");
    std::vector<Tensor> result;
    walker.visit(stream, static_cast<graph::NodeId>(built.graph.nodes().size()), {&output, 1}, overlay, nullptr,
                 std::nullopt, [&](std::size_t, std::span<const Tensor> values) { result.push_back(values.front()); });
    return result;
  }

  formats::Checkpoint checkpoint;
  models::ModelGraph built;
  sweep::Walker walker;
};

/// Largest |a - b| over largest |b|.
inline double relative_difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  double difference = 0, largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::int64_t k = 0; k < b[i].size(); ++k) {
      const double x = static_cast<double>(a[i].data<float>()[k]), y = static_cast<double>(b[i].data<float>()[k]);
      difference = std::max(difference, std::abs(x - y));
      largest = std::max(largest, std::abs(y));
    }
  }
  return difference / largest;
}

}  // namespace kerf::test
