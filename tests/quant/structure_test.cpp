#include "quant/structure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quant/structure_rows.h"
#include "tests/quant/quantizing.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden_model.h"
#include "tests/support/op_runner.h"

namespace kerf::quant {
namespace {

using graph::ValueId;
using test::expect_error;
using test::GoldenModel;

Candidate reduced_candidate(const GoldenModel& model, const std::string& scheme,
                            const std::vector<std::string>& prune) {
  Candidate candidate = candidate_of(model.walker, scheme, "gptq");
  std::vector<PruneChoice> choices;
  for (const std::string& text : prune) choices.push_back(*parse_pruning(text));
  candidate.structure = plan_structure(model.built.graph, model.walker.plan(), model.built.model, choices);
  return candidate;
}

/// The weights as they are after the removal, by name.
graph::SourceMap remaining(const GoldenModel& model, const Candidate& candidate) {
  graph::SourceMap tensors = model.checkpoint.tensors;
  const auto& graph = model.built.graph;
  for (const ValueId id : graph.weights()) {
    graph::SourcePtr source = candidate.overlay.source(graph, id);
    if (const auto found = candidate.reduced.find(id); found != candidate.reduced.end()) source = found->second;
    if (const auto found = candidate.structure->consumer_of.find(id); found != candidate.structure->consumer_of.end()) {
      const auto& reduction = candidate.structure->by_consumer.at(found->second);
      source = graph::make_row_gather_source(
          source, reduction.rows_of(id, source->rows(), candidate.units_kept.at(found->second)));
    }
    const auto [rows, cols] = candidate.structure->shape_of(id, graph.value(id).weight.source->rows(),
                                                            graph.value(id).weight.source->row_size());
    EXPECT_EQ(source->rows(), rows) << graph.value(id).weight.name;
    EXPECT_EQ(source->row_size(), cols) << graph.value(id).weight.name;
    if (source == graph.value(id).weight.source) continue;
    const auto stored = tensors.find(graph.value(id).weight.name);
    const bool transposed =
        stored != tensors.end() && stored->second->shape() != graph.value(id).weight.source->shape();
    tensors[graph.value(id).weight.name] = transposed ? graph::make_transposed_source(source) : source;
  }
  return tensors;
}

/// What produces the removed channels as zero too: the candidate must not notice.
sweep::Overlay with_zeroed_producers(const GoldenModel& model, const Candidate& candidate) {
  sweep::Overlay overlay = candidate.overlay;
  for (const auto& [producer, consumer] : candidate.structure->consumer_of) {
    const graph::SourcePtr source = candidate.overlay.source(model.built.graph, producer);
    Tensor values = source->read();
    const auto rows = candidate.structure->by_consumer.at(consumer).rows_of(producer, source->rows(),
                                                                            candidate.units_kept.at(consumer));
    for (std::int64_t r = 0; r < source->rows(); ++r) {
      if (std::binary_search(rows.begin(), rows.end(), r)) continue;
      std::fill_n(values.data<float>() + r * source->row_size(), source->row_size(), 0.0f);
    }
    overlay.set(producer, graph::make_memory_source(std::move(values), "zeroed"));
  }
  return overlay;
}

struct Case {
  const char *model, *scheme;
  std::vector<std::string> prune;
};

class RemovedStructure : public testing::TestWithParam<Case> {};

TEST_P(RemovedStructure, IsTheFunctionOfTheSmallerModel) {
  const GoldenModel model(GetParam().model);
  Candidate candidate = reduced_candidate(model, GetParam().scheme, GetParam().prune);
  quantize(model.walker, {&candidate}, {.windows = model.windows(6, 32, 1), .statistics = nullptr});
  const auto windows = model.windows(2, 16, 7);
  const auto measured = model.logits(windows, &candidate.overlay);

  const sweep::Overlay zeroed = with_zeroed_producers(model, candidate);
  EXPECT_LT(test::relative_difference(model.logits(windows, &zeroed), measured), 1e-6);

  formats::Checkpoint smaller = model.checkpoint;
  smaller.config = candidate.structure->model.config;
  smaller.tensors = remaining(model, candidate);
  const GoldenModel rebuilt(std::move(smaller));
  EXPECT_LT(test::relative_difference(rebuilt.logits(windows, nullptr), measured), 2e-5);
  EXPECT_GT(test::relative_difference(model.logits(windows, nullptr), measured), 1e-3) << "something was removed";
}

INSTANTIATE_TEST_SUITE_P(
    , RemovedStructure,
    testing::Values(Case{"llama", "none", {"neurons:25%"}}, Case{"llama", "int4-g16", {"neurons:50%"}},
                    Case{"llama", "none", {"heads:50%"}}, Case{"llama", "int8", {"heads:50%", "neurons:25%"}},
                    Case{"gpt2", "none", {"neurons:25%"}}, Case{"phi3", "none", {"neurons:25%"}},
                    Case{"phi3", "none", {"heads:50%"}}, Case{"qwen3", "none", {"heads:50%"}},
                    Case{"llama-bias", "none", {"heads:50%", "neurons:25%"}}, Case{"opt", "none", {"neurons:25%"}},
                    Case{"bert-mlm", "none", {"neurons:25%"}}, Case{"mixtral", "none", {"neurons:25%"}},
                    Case{"mixtral", "int4-g16", {"heads:50%", "neurons:50%"}},
                    Case{"qwen3-moe", "none", {"neurons:50%"}}),
    [](const auto& each) {
      std::string name = each.param.model;
      for (const std::string& prune : each.param.prune) name += "_" + prune;
      name += std::string("_") + each.param.scheme;
      std::string result;
      for (const char c : name) result += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
      return result;
    });

TEST(Structure, ConfigurationSaysWhatIsLeft) {
  const GoldenModel model("llama");
  const Candidate candidate = reduced_candidate(model, "none", {"neurons:25%", "heads:50%"});
  const description::Model& left = candidate.structure->model;
  EXPECT_EQ(left.hyperparameters.intermediate_size, 96);
  EXPECT_EQ(left.hyperparameters.kv_heads, 1);
  EXPECT_EQ(left.hyperparameters.heads, 2);
  EXPECT_EQ(left.config.find("intermediate_size")->as_int64(), 96);
  EXPECT_EQ(left.config.find("num_attention_heads")->as_int64(), 2);
  EXPECT_EQ(left.config.find("num_key_value_heads")->as_int64(), 1);
  EXPECT_EQ(left.config.find("head_dim")->as_int64(), model.built.model.hyperparameters.head_dim);
}

/// Each expert loses neurons of its own choice; all have the same number of them.
TEST(Structure, ExpertsHaveAWidthOfTheirOwn) {
  const GoldenModel mixtral("mixtral"), qwen("qwen3-moe");
  const Candidate first = reduced_candidate(mixtral, "none", {"neurons:25%"});
  EXPECT_EQ(first.structure->model.config.find("intermediate_size")->as_int64(), 96);
  EXPECT_THAT(first.structure->removed, testing::ElementsAre("neurons:25%: 96 of 128 neurons of each expert stay"));
  const Candidate second = reduced_candidate(qwen, "none", {"neurons:50%"});
  EXPECT_EQ(second.structure->model.config.find("moe_intermediate_size")->as_int64(), 24);
  EXPECT_EQ(second.structure->model.config.find("intermediate_size")->as_int64(), 128) << "that of dense layers";
}

void expect_refused(const std::string& name, const std::string& prune, const std::string& why) {
  const GoldenModel model(name);
  expect_error(ErrorCode::kUsage, why, [&] { reduced_candidate(model, "none", {prune}); });
}

TEST(Structure, WhatAFamilyCannotSayIsRefusedByName) {
  expect_refused("gpt2", "heads:50%", "cannot be removed from a gpt2 model");
  expect_refused("bloom", "neurons:25%", "cannot be removed from a bloom model: config.json has no key");
  expect_refused("bloom", "heads:50%", "alibi");
  expect_refused("olmo2", "heads:50%", "a norm over all heads");
  expect_refused("gpt-neox", "heads:50%", "fused in another order");
  expect_refused("t5", "heads:50%", "a bias for each head");
  expect_refused("albert-mlm", "neurons:50%", "used at several places");
  expect_refused("llama", "neurons:1%", "of 128 neurons in a layer 128 would stay");
}

TEST(Structure, RowsAreFoundThroughFusedProjections) {
  const GoldenModel model("phi3");
  const auto& graph = model.built.graph;
  for (const sweep::Site& site : model.walker.plan().sites) {
    const graph::Weight& weight = graph.value(site.weight).weight;
    if (weight.role == graph::Role::kDown) {
      const Reduction neurons = find_neurons(graph, site);
      ASSERT_EQ(neurons.producers.size(), 1U);
      const auto& rows = neurons.producers.begin()->second;
      ASSERT_EQ(rows.size(), 2U) << "gate and up";
      EXPECT_EQ(rows[0].offset + rows[1].offset, weight.source->row_size());
    } else if (weight.role == graph::Role::kAttentionOutput) {
      const Reduction heads = find_heads(graph, site);
      ASSERT_EQ(heads.producers.size(), 1U);
      EXPECT_EQ(heads.producers.begin()->second.size(), 3U) << "queries, keys and values";
    }
  }
}

}  // namespace
}  // namespace kerf::quant
