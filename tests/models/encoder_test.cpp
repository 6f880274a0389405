#include "models/encoder.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/checkpoints.h"
#include "tests/support/expect_error.h"

namespace kerf::models {
namespace {

using description::Task;
using graph::Role;
using test::expect_error;
using test::same_bits;
using testing::ElementsAre;
using testing::IsEmpty;

void expect_refused(const formats::Checkpoint& checkpoint, std::string_view message) {
  expect_error(ErrorCode::kInput, message, [&] { build(checkpoint); });
}

void expect_refused(const std::string& name, const std::string& key, Json value, std::string_view message) {
  formats::Checkpoint checkpoint = golden(name);
  checkpoint.config.set(key, std::move(value));
  expect_refused(checkpoint, message);
}

std::vector<std::string> inputs_of(const ModelGraph& model) {
  std::vector<std::string> names;
  for (const graph::ValueId id : model.graph.inputs()) names.push_back(model.graph.value(id).name);
  return names;
}

TEST(Encoder, DescribesTheModel) {
  const ModelGraph model = build(golden("bert-mlm"));
  const auto& h = model.model.hyperparameters;
  EXPECT_EQ(model.model.family, "bert");
  EXPECT_FALSE(model.model.causal);
  EXPECT_EQ(model.model.task, Task::kMaskedLm);
  EXPECT_THAT(model.model.labels, IsEmpty());
  EXPECT_EQ(h.vocab_size, 160);
  EXPECT_EQ(h.context_length, 128);
  EXPECT_EQ(h.max_positions, 128);
  EXPECT_EQ(h.type_vocab_size, 2);
  EXPECT_EQ(h.norm_epsilon, 1e-12);
  EXPECT_EQ(h.activation, "gelu");
  EXPECT_TRUE(h.tied_head);
  EXPECT_EQ(model.model.pad_id, 0);
  EXPECT_THAT(inputs_of(model), ElementsAre("input_ids", "token_type_ids", "position_ids", "attention_mask"));
  EXPECT_THAT(inputs_of(build(golden("distilbert-mlm"))), ElementsAre("input_ids", "position_ids", "attention_mask"));
}

TEST(Encoder, WeightsCarryRoleAndLayer) {
  const ModelGraph bert = build(golden("bert-mlm"));
  const auto weight = [](const ModelGraph& model, const std::string& name) {
    for (const graph::ValueId id : model.graph.weights()) {
      const graph::Weight& found = model.graph.value(id).weight;
      if (found.name == name) return std::pair(found.role, found.layer);
    }
    return std::pair(Role::kOther, -100);
  };
  EXPECT_EQ(weight(bert, "bert.embeddings.word_embeddings.weight"), std::pair(Role::kEmbedding, -1));
  EXPECT_EQ(weight(bert, "bert.embeddings.position_embeddings.weight"), std::pair(Role::kPositionEmbedding, -1));
  EXPECT_EQ(weight(bert, "bert.embeddings.token_type_embeddings.weight"), std::pair(Role::kTypeEmbedding, -1));
  const std::string layer = "bert.encoder.layer.1.";
  EXPECT_EQ(weight(bert, layer + "attention.self.query.weight"), std::pair(Role::kQuery, 1));
  EXPECT_EQ(weight(bert, layer + "attention.self.key.weight"), std::pair(Role::kKey, 1));
  EXPECT_EQ(weight(bert, layer + "attention.self.value.weight"), std::pair(Role::kValue, 1));
  EXPECT_EQ(weight(bert, layer + "attention.output.dense.weight"), std::pair(Role::kAttentionOutput, 1));
  EXPECT_EQ(weight(bert, layer + "attention.output.LayerNorm.weight"), std::pair(Role::kNorm, 1));
  EXPECT_EQ(weight(bert, layer + "intermediate.dense.weight"), std::pair(Role::kUp, 1));
  EXPECT_EQ(weight(bert, layer + "output.dense.weight"), std::pair(Role::kDown, 1));
  EXPECT_EQ(weight(bert, layer + "output.dense.bias"), std::pair(Role::kBias, 1));
  EXPECT_EQ(weight(bert, "cls.predictions.transform.dense.weight"), std::pair(Role::kOther, -1));
  EXPECT_EQ(weight(bert, "cls.predictions.bias"), std::pair(Role::kBias, -1));
  const ModelGraph classifier = build(golden("bert-cls")), mobile = build(golden("mobilebert-mlm"));
  EXPECT_EQ(weight(classifier, "classifier.weight"), std::pair(Role::kHead, -1));
  EXPECT_EQ(weight(classifier, "bert.pooler.dense.weight"), std::pair(Role::kOther, -1));
  EXPECT_EQ(weight(mobile, "cls.predictions.dense.weight"), std::pair(Role::kHead, -1));
  // What narrows and widens the stream is inside the layers: --scheme covers it.
  const std::string narrow = "mobilebert.encoder.layer.0.";
  EXPECT_EQ(weight(mobile, narrow + "bottleneck.input.dense.weight"), std::pair(Role::kDown, 0));
  EXPECT_EQ(weight(mobile, narrow + "output.bottleneck.dense.weight"), std::pair(Role::kUp, 0));
}

TEST(Encoder, NamesOfValuesAreUnique) {
  for (const char* name : {"bert-mlm", "bert-cls", "distilbert-cls", "roberta-mlm", "albert-mlm", "mobilebert-mlm"}) {
    const ModelGraph model = build(golden(name));
    std::set<std::string> names;
    for (const graph::Value& value : model.graph.values()) EXPECT_TRUE(names.insert(value.name).second) << value.name;
  }
}

TEST(Encoder, MaskedTokensAreNotSeen) {
  const Tensor mask = test::tensor_of<std::int64_t>({1, 6}, {1, 1, 1, 1, 0, 0});
  const Tensor other = test::tensor_of<std::int64_t>({1, 6}, {5, 17, 100, 3, 8, 8});
  for (const char* name : {"bert-cls", "albert-mlm"}) {
    const ModelGraph model = build(golden(name));
    const Tensor a = test::run_model(model, {{"input_ids", some_ids()}, {"attention_mask", mask}});
    const Tensor b = test::run_model(model, {{"input_ids", other}, {"attention_mask", mask}});
    const std::int64_t seen = a.rank() == 2 ? a.size() : 4 * a.dim(2);
    EXPECT_TRUE(std::equal(a.data<float>(), a.data<float>() + seen, b.data<float>())) << name;
    const Tensor unmasked = test::run_model(model, {{"input_ids", some_ids()}});
    EXPECT_FALSE(std::equal(a.data<float>(), a.data<float>() + seen, unmasked.data<float>())) << name;
  }
}

// ---- names ---------------------------------------------------------------------------------------------------------

/// Base models are saved without the prefix, and read with it by models with a head.
TEST(Encoder, NamesMayComeWithoutPrefix) {
  for (const auto& [name, prefix] : {std::pair<std::string, std::string>{"bert-mlm", "bert."},
                                     {"distilbert-cls", "distilbert."},
                                     {"roberta-mlm", "roberta."},
                                     {"albert-mlm", "albert."},
                                     {"mobilebert-mlm", "mobilebert."}}) {
    formats::Checkpoint checkpoint = golden(name);
    const Tensor before = output_of(checkpoint);
    rename_all(checkpoint, prefix, "");
    EXPECT_TRUE(same_bits(output_of(checkpoint), before)) << name;
  }
  formats::Checkpoint base = golden("tinybert-base");
  const Tensor before = output_of(base);
  for (const char* part : {"embeddings.", "encoder.", "pooler."}) rename_all(base, part, std::string("bert.") + part);
  EXPECT_TRUE(same_bits(output_of(base), before));
}

TEST(Encoder, GammaAndBetaAreWeightAndBias) {
  formats::Checkpoint checkpoint = golden("bert-mlm");
  const Tensor before = output_of(checkpoint);
  const auto tensors = checkpoint.tensors;
  for (const auto& [name, source] : tensors) {
    const std::size_t at = name.find("LayerNorm.");
    if (at == std::string::npos) continue;
    checkpoint.tensors.erase(name);
    const bool weight = name.find("weight") != std::string::npos;
    checkpoint.tensors[name.substr(0, at) + (weight ? "LayerNorm.gamma" : "LayerNorm.beta")] = source;
  }
  EXPECT_TRUE(same_bits(output_of(checkpoint), before));
  const ModelGraph model = build(checkpoint);
  EXPECT_THAT(model.notes, ElementsAre("12 tensors LayerNorm.gamma and LayerNorm.beta are read as weight and bias"));
  // Both at once are not one tensor.
  formats::Checkpoint both = golden("bert-mlm");
  repeat(both, "bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.gamma");
  expect_refused(both, "found a tensor that no part of a bert model reads");
}

TEST(Encoder, MissingWrongAndUnknownTensorsAreNamed) {
  formats::Checkpoint missing = golden("bert-mlm");
  missing.tensors.erase("bert.encoder.layer.1.output.dense.bias");
  expect_refused(missing,
                 "tensor 'bert.encoder.layer.1.output.dense.bias': the checkpoint has none, expected shape [64]");
  expect_refused("distilbert-mlm", "hidden_dim", 192, "ffn.lin1.weight': found shape [128, 64], expected [192, 64]");
  expect_refused("roberta-mlm", "type_vocab_size", 1,
                 "token_type_embeddings.weight': found shape [2, 64], expected [1, 64]");
  for (const char* name : {"bert-mlm", "distilbert-mlm", "roberta-mlm", "albert-mlm", "mobilebert-mlm"}) {
    formats::Checkpoint extra = golden(name);
    add_random(extra, "adapter.weight", {2});
    expect_refused(extra, "found a tensor that no part of a ");
  }
}

TEST(Encoder, AHeadThatIsNotThereIsSaidAndWhatIsThereOffered) {
  formats::Checkpoint masked = golden("bert-mlm");
  set_architecture(masked, "BertForSequenceClassification");
  expect_refused(masked,
                 "architectures[0]: found 'BertForSequenceClassification', but the checkpoint has no trained head for "
                 "it (no tensor 'classifier.weight'); it has a masked language model's: write BertForMaskedLM");
  for (const char* name : {"BertForMaskedLM", "BertForSequenceClassification"}) {
    formats::Checkpoint base = golden("tinybert-base");
    set_architecture(base, name);
    expect_refused(base,
                   "a base model is no more than BertModel: write that to convert it, and measure a checkpoint "
                   "of BertForMaskedLM");
  }
}

TEST(Encoder, TensorsOfOtherHeadsAreLeftAside) {
  formats::Checkpoint checkpoint = golden("bert-mlm");
  const Tensor before = output_of(checkpoint);
  add_random(checkpoint, "bert.pooler.dense.weight", {64, 64});
  add_random(checkpoint, "bert.pooler.dense.bias", {64});
  add_random(checkpoint, "cls.seq_relationship.weight", {2, 64});
  add_random(checkpoint, "bert.embeddings.position_ids", {1, 128});
  add_random(checkpoint, "classifier.weight", {2, 64});
  const ModelGraph model = build(checkpoint);
  const std::string head = " left aside: belongs to a head that the architecture does not have";
  EXPECT_THAT(model.notes,
              ElementsAre("tensor 'bert.embeddings.position_ids' left aside: positions are counted",
                          "tensor 'cls.seq_relationship.weight'" + head,
                          "tensor 'bert.pooler.dense.bias' and 1 more" + head, "tensor 'classifier.weight'" + head));
  EXPECT_TRUE(same_bits(output_of(checkpoint), before));
}

// ---- heads ---------------------------------------------------------------------------------------------------------

TEST(Encoder, TheArchitectureSelectsTheHead) {
  formats::Checkpoint checkpoint = golden("bert-mlm");
  const Tensor before = output_of(checkpoint);
  set_architecture(checkpoint, "BertForPreTraining");
  EXPECT_TRUE(same_bits(output_of(checkpoint), before));
  set_architecture(checkpoint, "BertModel");
  const ModelGraph bare = build(checkpoint);
  EXPECT_EQ(bare.model.task, Task::kFeatures);
  EXPECT_FALSE(bare.model.hyperparameters.tied_head);
  EXPECT_FALSE(bare.graph.find_output("pooler_output")) << "the checkpoint has no pooler";
  EXPECT_EQ(bare.notes.size(), 1U);
  EXPECT_EQ(output_of(checkpoint).shape(), (Shape{1, 6, 64}));
  const ModelGraph with_pooler = build(golden("tinybert-base"));
  EXPECT_TRUE(with_pooler.graph.find_output("pooler_output"));
}

TEST(Encoder, UnknownHeadsAreNamed) {
  formats::Checkpoint checkpoint = golden("bert-mlm");
  set_architecture(checkpoint, "BertForQuestionAnswering");
  expect_refused(checkpoint,
                 "config.json: architectures[0]: found 'BertForQuestionAnswering', expected a name that ends in "
                 "ForMaskedLM, ForPreTraining, ForSequenceClassification or Model");
}

TEST(Encoder, WithoutAnArchitectureTheTensorsTell) {
  const auto unnamed = [](const std::string& name) {
    formats::Checkpoint checkpoint = golden(name);
    checkpoint.config.as_object().erase("architectures");
    return build(checkpoint);
  };
  const std::string start = "the configuration names no architecture: by its tensors this is ";
  for (const auto& [name, task, what] : {std::tuple{"albert-mlm", Task::kMaskedLm, "a masked language model"},
                                         {"distilbert-cls", Task::kClassification, "a sequence classifier"},
                                         {"tinybert-base", Task::kFeatures, "an encoder without a head"}}) {
    const ModelGraph model = unnamed(name);
    EXPECT_EQ(model.model.task, task);
    EXPECT_THAT(model.notes, ElementsAre(start + what));
  }
}

TEST(Encoder, ARepeatedTiedDecoderIsLeftAside) {
  for (const auto& [name, embedding, decoder, bias] :
       {std::tuple<std::string, std::string, std::string, std::string>{
            "bert-mlm", "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder", "cls.predictions.bias"},
        {"roberta-mlm", "roberta.embeddings.word_embeddings.weight", "lm_head.decoder", "lm_head.bias"},
        {"albert-mlm", "albert.embeddings.word_embeddings.weight", "predictions.decoder", "predictions.bias"}}) {
    formats::Checkpoint checkpoint = golden(name);
    const Tensor before = output_of(checkpoint);
    repeat(checkpoint, embedding, decoder + ".weight");
    repeat(checkpoint, bias, decoder + ".bias");
    const ModelGraph model = build(checkpoint);
    EXPECT_THAT(model.notes,
                ElementsAre("tensor '" + decoder + ".weight' left aside: the decoder is tied to the token embedding",
                            "tensor '" + decoder + ".bias' left aside: the decoder has another bias"));
    EXPECT_TRUE(same_bits(output_of(checkpoint), before)) << name;
    // The bias may be there under the decoder's name only.
    checkpoint.tensors.erase(bias);
    EXPECT_TRUE(same_bits(output_of(checkpoint), before)) << name;
  }
}

TEST(Encoder, AnUntiedDecoderIsAMatrixOfItsOwn) {
  formats::Checkpoint checkpoint = golden("bert-mlm");
  const Tensor before = output_of(checkpoint);
  checkpoint.config.set("tie_word_embeddings", false);
  expect_refused(checkpoint, "tensor 'bert.cls.predictions.decoder.weight': the checkpoint has none");
  repeat(checkpoint, "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight");
  EXPECT_FALSE(build(checkpoint).model.hyperparameters.tied_head);
  EXPECT_TRUE(same_bits(output_of(checkpoint), before));
  add_random(checkpoint, "cls.predictions.decoder.weight", {160, 64});
  EXPECT_FALSE(same_bits(output_of(checkpoint), before));
}

/// activation(dense x), in doubles.
std::vector<double> dense(const formats::Checkpoint& checkpoint, const std::string& name,
                          const std::vector<double>& x) {
  const Tensor weight = checkpoint.tensors.at(name + ".weight")->read();
  const Tensor bias = checkpoint.tensors.at(name + ".bias")->read();
  std::vector<double> y;
  for (std::int64_t row = 0; row < weight.dim(0); ++row) {
    double sum = bias.data<float>()[row];
    for (std::size_t i = 0; i < x.size(); ++i) {
      sum += x[i] * static_cast<double>(weight.data<float>()[row * weight.dim(1) + static_cast<std::int64_t>(i)]);
    }
    y.push_back(sum);
  }
  return y;
}

struct ClassifierCase {
  std::string name, model_class, dense, output;
  bool activated = true;
};
void PrintTo(const ClassifierCase& one, std::ostream* out) { *out << one.name; }

class EncoderClassifier : public testing::TestWithParam<ClassifierCase> {};

/// Heads of which there is no golden checkpoint, put on the masked language model's encoder.
TEST_P(EncoderClassifier, ReadsTheFirstToken) {
  const ClassifierCase& one = GetParam();
  formats::Checkpoint checkpoint = golden(one.name);
  set_architecture(checkpoint, one.model_class + "Model");
  const Tensor features = output_of(checkpoint);
  std::vector<double> x(features.data<float>(), features.data<float>() + 64);
  if (!one.dense.empty()) {
    add_random(checkpoint, one.dense + ".weight", {64, 64});
    add_random(checkpoint, one.dense + ".bias", {64});
    x = dense(checkpoint, one.dense, x);
    for (double& value : x) value = std::tanh(value);
  }
  add_random(checkpoint, one.output + ".weight", {3, 64});
  add_random(checkpoint, one.output + ".bias", {3});
  if (!one.activated) checkpoint.config.set("classifier_activation", false);
  set_architecture(checkpoint, one.model_class + "ForSequenceClassification");
  checkpoint.config.set("id2label", Json::parse(R"({"0": "no", "1": "perhaps", "2": "yes"})", "labels"));
  const Tensor logits = output_of(checkpoint);
  ASSERT_EQ(logits.shape(), (Shape{1, 3}));
  const std::vector<double> expected = dense(checkpoint, one.output, x);
  for (std::size_t i = 0; i < 3; ++i) {
    // Sums of 64 terms of size one in f32.
    EXPECT_NEAR(static_cast<double>(logits.data<float>()[i]), expected[i], 1e-4) << i;
  }
  EXPECT_EQ(build(checkpoint).model.task, Task::kClassification);
}

INSTANTIATE_TEST_SUITE_P(
    Families, EncoderClassifier,
    testing::Values(ClassifierCase{"roberta-mlm", "Roberta", "classifier.dense", "classifier.out_proj"},
                    ClassifierCase{"albert-mlm", "Albert", "albert.pooler", "classifier"},
                    ClassifierCase{"mobilebert-mlm", "MobileBert", "mobilebert.pooler.dense", "classifier"},
                    ClassifierCase{"mobilebert-mlm", "MobileBert", "", "classifier", false}));

TEST(Encoder, LabelsAreThoseOfTheConfiguration) {
  formats::Checkpoint checkpoint = golden("distilbert-cls");
  const auto labels = [&](const std::string& json) {
    checkpoint.config.set("id2label", Json::parse(json, "labels"));
    return build(checkpoint).model.labels;
  };
  EXPECT_THAT(labels(R"({"2": "good", "0": "bad", "1": "so so"})"), ElementsAre("bad", "so so", "good"));
  EXPECT_THAT(build(golden("bert-cls")).model.labels,
              ElementsAre("LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3", "LABEL_4"));
  expect_error(ErrorCode::kInput, "id2label: found the key '3', expected 0 to 2",
               [&] { labels(R"({"0": "a", "1": "b", "3": "c"})"); });
  expect_error(ErrorCode::kInput, "found the key '01'", [&] { labels(R"({"0": "a", "01": "b", "2": "c"})"); });
  expect_error(ErrorCode::kInput, "id2label: found no classes", [&] { labels("{}"); });
  expect_error(ErrorCode::kInput, "classifier.weight': found shape [3, 64], expected [2, 64]",
               [&] { labels(R"({"0": "a", "1": "b"})"); });
  checkpoint.config.as_object().erase("id2label");
  checkpoint.config.set("num_labels", 3);
  EXPECT_THAT(build(checkpoint).model.labels, ElementsAre("LABEL_0", "LABEL_1", "LABEL_2"));
  checkpoint.config.as_object().erase("num_labels");
  expect_refused(checkpoint, "classifier.weight': found shape [3, 64], expected [2, 64]");
}

// ---- configurations ------------------------------------------------------------------------------------------------

TEST(Encoder, ConfigurationsThatDoNotFitAreRefused) {
  expect_refused("bert-mlm", "position_embedding_type", "relative_key",
                 "config.json: position_embedding_type: found 'relative_key', expected 'absolute'");
  expect_refused("bert-mlm", "is_decoder", true, "config.json: is_decoder: found true, expected an encoder");
  expect_refused("roberta-mlm", "add_cross_attention", true, "add_cross_attention: found true, expected an encoder");
  expect_refused("bert-mlm", "hidden_act", "geluu", "hidden_act: no activation 'geluu'");
  expect_refused("distilbert-mlm", "activation", "glu", "activation: no activation 'glu'");
  expect_refused("distilbert-mlm", "n_heads", 5, "found dim 64 for 5 heads, expected a multiple");
  expect_refused("bert-mlm", "num_attention_heads", 5, "found hidden_size 64 for 5 heads, expected a multiple");
  expect_refused("bert-mlm", "vocab_size", nullptr, "vocab_size");
  expect_refused("roberta-mlm", "pad_token_id", 127, "pad_token_id: found 127, expected it before 128 positions");
  expect_refused("roberta-mlm", "pad_token_id", -1, "pad_token_id: found -1");
  expect_refused("albert-mlm", "num_hidden_groups", 3, "found 2 layers in 3 groups, expected a multiple");
  expect_refused("albert-mlm", "num_hidden_layers", 100000, "found 100000 layers, expected at most 4096");
  expect_refused("mobilebert-mlm", "normalization_type", "group_norm",
                 "normalization_type: found 'group_norm', expected 'no_norm' or 'layer_norm'");
  expect_refused("mobilebert-mlm", "key_query_shared_bottleneck", false,
                 "key_query_shared_bottleneck: found false, expected queries and keys of the narrowed stream");
  expect_refused("mobilebert-mlm", "embedding_size", 65,
                 "found embedding_size 65, expected at most the hidden_size 64");
  expect_refused("mobilebert-mlm", "intra_bottleneck_size", 30, "found layers of width 30 for 4 heads");
}

TEST(Encoder, RobertasPositionsBeginBehindThePaddings) {
  const ModelGraph model = build(golden("roberta-mlm"));
  EXPECT_EQ(model.model.positions.first, 2);
  EXPECT_EQ(model.model.positions.skipped_id, 1);
  EXPECT_EQ(model.model.hyperparameters.max_positions, 126) << "of 128 rows";
  EXPECT_EQ(model.model.hyperparameters.context_length, 126);
  // With padding in front, the tokens have the positions that they have without it.
  const auto ids = [](std::vector<std::int64_t> values) {
    return Tensor::from<std::int64_t>({1, std::ssize(values)}, values);
  };
  const Tensor alone = test::run_model(model, {{"input_ids", ids({0, 9, 2})}});
  const Tensor padded =
      test::run_model(model, {{"input_ids", ids({1, 1, 0, 9, 2})}, {"attention_mask", ids({0, 0, 1, 1, 1})}});
  for (std::int64_t i = 0; i < alone.size(); ++i) {
    // Sums over three keys and over five, of which two count nothing.
    EXPECT_NEAR(padded.data<float>()[2 * 160 + i], alone.data<float>()[i], 1e-4F) << i;
  }
}

TEST(Encoder, RelativesOfRobertaAreRoberta) {
  const Tensor expected = output_of(golden("roberta-mlm"));
  for (const char* type : {"xlm-roberta", "camembert"}) {
    formats::Checkpoint checkpoint = golden("roberta-mlm");
    checkpoint.config.set("model_type", type);
    EXPECT_EQ(build(checkpoint).model.family, type);
    EXPECT_TRUE(same_bits(output_of(checkpoint), expected));
  }
}

TEST(Encoder, LayersOfAGroupShareWeightsAndGroupsDoNot) {
  const formats::Checkpoint shared = golden("albert-mlm");  // two layers, one group
  const Tensor expected = output_of(shared);
  const std::string first = "albert.encoder.albert_layer_groups.0.albert_layers.0.";
  const auto copied_to = [&](const std::string& other) {
    formats::Checkpoint checkpoint = shared;
    for (const auto& [name, source] : shared.tensors) {
      if (name.rfind(first, 0) == 0) checkpoint.tensors[other + name.substr(first.size())] = source;
    }
    return checkpoint;
  };
  formats::Checkpoint groups = copied_to("albert.encoder.albert_layer_groups.1.albert_layers.0.");
  expect_refused(groups, "no part of a albert model reads");
  groups.config.set("num_hidden_groups", 2);
  EXPECT_TRUE(same_bits(output_of(groups), expected));
  formats::Checkpoint inner = copied_to("albert.encoder.albert_layer_groups.0.albert_layers.1.");
  inner.config.set("inner_group_num", 2);
  inner.config.set("num_hidden_layers", 1);
  EXPECT_EQ(build(inner).model.hyperparameters.layers, 2);
  EXPECT_TRUE(same_bits(output_of(inner), expected));
}

int count_nodes(const ModelGraph& model, const std::string& op) {
  const auto& nodes = model.graph.nodes();
  return static_cast<int>(std::count_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node.op == op; }));
}

/// Without reference values: that a variant takes the tensors that transformers gives it, of their shapes.
TEST(Encoder, VariantsOfMobileBertTakeTheirTensors) {
  formats::Checkpoint narrow = golden("mobilebert-mlm");
  narrow.config.set("use_bottleneck_attention", true);
  for (const std::string layer : {"mobilebert.encoder.layer.0.", "mobilebert.encoder.layer.1."}) {
    add_random(narrow, layer + "attention.self.value.weight", {32, 32});
    for (const char* part : {"dense.weight", "dense.bias", "LayerNorm.weight", "LayerNorm.bias"}) {
      narrow.tensors.erase(layer + "bottleneck.attention." + part);
    }
  }
  EXPECT_EQ(output_of(narrow).shape(), (Shape{1, 6, 160}));

  formats::Checkpoint normalized = golden("mobilebert-mlm");
  EXPECT_EQ(count_nodes(build(normalized), "LayerNormalization"), 1) << "the head's";
  normalized.config.set("normalization_type", "layer_norm");
  EXPECT_EQ(count_nodes(build(normalized), "LayerNormalization"), 2 + 2 * 6);

  formats::Checkpoint unigrams = golden("mobilebert-mlm");
  unigrams.config.set("trigram_input", false);
  expect_refused(unigrams, "embedding_transformation.weight': found shape [64, 96], expected [64, 32]");
  add_random(unigrams, "mobilebert.embeddings.embedding_transformation.weight", {64, 32});
  EXPECT_EQ(count_nodes(build(unigrams), "Concat"), 0);

  formats::Checkpoint wide = golden("mobilebert-mlm");
  wide.config.set("use_bottleneck", false);
  expect_refused(wide, "attention.self.query.weight': found shape [32, 32], expected [64, 64]");
}

}  // namespace
}  // namespace kerf::models
