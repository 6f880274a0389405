#include "formats/onnx/export/exporter.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "formats/onnx/export/attention_mask.h"
#include "formats/onnx/export/export_graph.h"
#include "formats/onnx/export/fused_rule.h"
#include "formats/onnx/export/graph_writer.h"
#include "formats/onnx/export/held_codes.h"
#include "formats/onnx/export/rule.h"
#include "ops/op.h"
#include "tests/models/checkpoints.h"
#include "tests/support/expect_error.h"

namespace kerf::formats::onnx {
namespace {

using testing::Contains;

/// A golden checkpoint's graph on its way out, every matrix as codes of `scheme` unless that is empty.
class Exported {
 public:
  explicit Exported(const std::string& name, ExportStyle style = ExportStyle::kStandard, const std::string& scheme = "",
                    const std::string& kind = "matmulnbits")
      : checkpoint_(models::golden(name)), built_(models::build(checkpoint_)) {
    model_ = {.graph = &built_.graph, .description = &built_.model, .weights = {}, .kind = &find_kind(kind)};
    model_.style = style;
    for (const graph::ValueId id : built_.graph.weights()) {
      const graph::Weight& weight = built_.graph.value(id).weight;
      ExportedWeight& out = model_.weights[id];
      out.name = weight.name;
      if (!scheme.empty() && weight.source->shape().size() == 2) out.scheme = codec::parse_scheme(scheme);
    }
    graph = export_graph(model_);
  }

  std::vector<std::string> inputs() const {
    std::vector<std::string> names;
    for (const auto& input : graph.model.graph().input()) names.push_back(input.name());
    return names;
  }
  std::vector<std::string> outputs() const {
    std::vector<std::string> names;
    for (const auto& output : graph.model.graph().output()) names.push_back(output.name());
    return names;
  }
  std::map<std::string, int> operators() const {
    std::map<std::string, int> counts;
    for (const auto& node : graph.model.graph().node()) {
      const bool own = node.domain().empty() || node.domain() == kDefaultDomain;
      ++counts[own ? node.op_type() : node.domain() + "." + node.op_type()];
    }
    return counts;
  }

  ExportedGraph graph;

 private:
  formats::Checkpoint checkpoint_;
  models::ModelGraph built_;
  ExportModel model_;
};

TEST(ExportRules, EveryOperatorOfDomainKerfHasOne) {
  for (const ops::OpInfo* op : ops::all_ops()) {
    if (op->domain != graph::kKerfDomain) continue;
    graph::Node node;
    node.op = op->name;
    node.domain = op->domain;
    EXPECT_NE(find_export_rule(export_rules(), node), nullptr) << op->name;
  }
}

TEST(ExportRules, EveryOneSaysWhatItWrites) {
  for (const auto* rules : {&export_rules(), &fused_rules()}) {
    for (const ExportRule* rule : *rules) {
      EXPECT_FALSE(rule->summary.empty());
      EXPECT_NE(ops::find_op(rule->domain, rule->name), nullptr) << rule->name;
    }
  }
}

TEST(ExportGraph, InputsAreThoseOfTransformersExporters) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(Exported("llama").inputs(), (Names{"input_ids", "attention_mask", "position_ids"}));
  EXPECT_EQ(Exported("bloom").inputs(), (Names{"input_ids", "attention_mask"}));
  EXPECT_EQ(Exported("opt").inputs(), (Names{"input_ids", "attention_mask"}));
  EXPECT_EQ(Exported("bert-mlm").inputs(), (Names{"input_ids", "attention_mask", "token_type_ids"}));
  EXPECT_EQ(Exported("distilbert-cls").inputs(), (Names{"input_ids", "attention_mask"}));
  EXPECT_EQ(Exported("t5").inputs(), (Names{"input_ids", "attention_mask", "decoder_input_ids"}));
  EXPECT_EQ(Exported("tinybert-base").outputs().front(), "last_hidden_state");
}

TEST(ExportGraph, MasksAreMadeOnceForAllLayers) {
  EXPECT_EQ(Exported("llama").operators()["LessOrEqual"], 1);
  EXPECT_EQ(Exported("gemma2").operators()["LessOrEqual"], 2) << "with and without a window";
}

TEST(ExportGraph, StandardStyleHasOperatorsOfOneDomain) {
  const Exported llama("llama");
  EXPECT_EQ(llama.graph.model.opset_import_size(), 1);
  EXPECT_EQ(llama.graph.model.opset_import(0).version(), kExportOpset);
  for (const char* newer : {"RMSNormalization", "RotaryEmbedding", "Attention"}) {
    EXPECT_EQ(llama.operators().count(newer), 0U) << newer;
  }
}

TEST(ExportGraph, FusedStyleHasAPastOfEveryLayer) {
  Exported llama("llama", ExportStyle::kFused);
  auto counts = llama.operators();
  const int layers = counts["com.microsoft.GroupQueryAttention"];
  EXPECT_GT(layers, 0);
  EXPECT_EQ(counts["com.microsoft.RotaryEmbedding"], 2 * layers);
  EXPECT_EQ(counts["com.microsoft.SkipSimplifiedLayerNormalization"], 2 * layers);
  EXPECT_EQ(counts["SimplifiedLayerNormalization"], 1) << "the first norm follows no sum";
  EXPECT_THAT(llama.inputs(), Contains("past_key_values.0.key"));
  EXPECT_THAT(llama.outputs(), Contains("present.1.value"));
}

TEST(ExportGraph, FusedStyleRefusesWhatItCannotSay) {
  for (const auto& [name, why] :
       std::map<std::string, std::string>{{"bloom", "alibi"}, {"bert-mlm", "not causal"}, {"t5", "not causal"}}) {
    test::expect_error(ErrorCode::kUsage, why, [&] { Exported(name, ExportStyle::kFused); });
  }
}

TEST(HeldCodes, ATiedMatrixIsThereOnce) {
  const Exported tied("llama-tied-mha", ExportStyle::kStandard, "int4-g32");
  std::map<graph::ValueId, int> forms;
  for (const HeldCodes& held : tied.graph.codes) ++forms[held.weight];
  for (const auto& [weight, count] : forms) EXPECT_EQ(count, 1);
}

TEST(HeldCodes, AWeightThatTheKindCannotHoldIsNamed) {
  test::expect_error(ErrorCode::kUsage, "embed_tokens.weight' as int4-g32-min",
                     [] { Exported("llama", ExportStyle::kStandard, "int4-g32-min"); });
}

TEST(GraphWriter, EqualConstantsAreOne) {
  proto::ModelProto model;
  GraphWriter writer(model);
  writer.set_place("here");
  EXPECT_EQ(writer.integers({1, 2}), writer.integers({1, 2}));
  EXPECT_NE(writer.integers({1}), writer.integer(1)) << "a vector and a scalar";
  const std::string sum = writer.node("Add", {"a", "b"});
  EXPECT_EQ(sum, "/here/Add_output_0");
  EXPECT_EQ(writer.node("Add", {"a", "b", ""}), "/here/Add_1_output_0");
  EXPECT_EQ(model.graph().node(1).input_size(), 2) << "an absent last input is left out";
  writer.rename(sum, "logits");
  EXPECT_EQ(model.graph().node(0).output(0), "logits");
}

TEST(VisibleKeys, AreNotSaidWhereAllAreSeen) {
  Exported bert("bert-mlm");
  EXPECT_EQ(bert.operators()["LessOrEqual"], 0);
  EXPECT_GT(bert.operators()["Where"], 0) << "the mask";
}

}  // namespace
}  // namespace kerf::formats::onnx
