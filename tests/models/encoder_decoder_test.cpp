#include "models/encoder_decoder.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/models/checkpoints.h"
#include "tests/support/expect_error.h"

namespace kerf::models {
namespace {

using description::Task;
using test::expect_error;
using test::same_bits;
using testing::ElementsAre;

void expect_refused(const formats::Checkpoint& checkpoint, std::string_view message) {
  expect_error(ErrorCode::kInput, message, [&] { build(checkpoint); });
}

std::vector<const graph::Node*> nodes_of(const ModelGraph& model, const std::string& op) {
  std::vector<const graph::Node*> found;
  for (const graph::Node& node : model.graph.nodes()) {
    if (node.op == op) found.push_back(&node);
  }
  return found;
}

TEST(EncoderDecoder, DescribesTheModel) {
  const ModelGraph model = build(golden("t5"));
  const auto& h = model.model.hyperparameters;
  EXPECT_EQ(model.model.family, "t5");
  EXPECT_FALSE(model.model.causal);
  EXPECT_EQ(model.model.task, Task::kSequenceToSequence);
  EXPECT_EQ(model.model.decoder_start_id, 0);
  EXPECT_EQ(h.layers, 4) << "two of the encoder, two of the decoder";
  EXPECT_EQ(h.head_dim, 16);
  EXPECT_EQ(h.max_positions, 0) << "relative positions have no end";
  EXPECT_EQ(h.context_length, 512);
  EXPECT_EQ(h.activation, "relu");
  EXPECT_TRUE(h.tied_head);
  std::vector<std::string> inputs;
  for (const graph::ValueId id : model.graph.inputs()) inputs.push_back(model.graph.value(id).name);
  EXPECT_THAT(inputs, ElementsAre("input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask"));
  EXPECT_EQ(build(golden("t5-gated")).model.hyperparameters.activation, "gelu_new");
}

TEST(EncoderDecoder, AttentionHasNoScaleAndDistancesOnlyToItsOwnText) {
  const ModelGraph model = build(golden("t5"));
  std::vector<std::int64_t> causal;
  std::size_t with_bias = 0;
  for (const graph::Node* node : nodes_of(model, "Attention")) {
    EXPECT_EQ(node->attributes.float_or("scale", 0), 1.0) << node->name;
    causal.push_back(node->attributes.int_or("causal", -1));
    with_bias += node->inputs.size() == 5 ? 1U : 0U;
  }
  EXPECT_THAT(causal, ElementsAre(0, 0, 1, 0, 1, 0)) << "encoder, encoder, then own and other text in turn";
  EXPECT_EQ(with_bias, 4U);
  std::vector<std::int64_t> both_ways;
  for (const graph::Node* node : nodes_of(model, "RelativePositionBias")) {
    both_ways.push_back(node->attributes.int_or("bidirectional", -1));
  }
  EXPECT_THAT(both_ways, ElementsAre(1, 1, 0, 0));
}

TEST(EncoderDecoder, LayersOfTheDecoderAreCountedAfterThoseOfTheEncoder) {
  const ModelGraph model = build(golden("t5"));
  std::vector<int> layers;
  for (const graph::Node* node : nodes_of(model, "Attention")) layers.push_back(node->layer);
  EXPECT_THAT(layers, ElementsAre(0, 1, 2, 2, 3, 3));
}

TEST(EncoderDecoder, TheDecoderSeesNoLaterTokenAndNoMaskedOne) {
  const ModelGraph model = build(golden("t5-gated"));
  const auto ids = [](std::vector<std::int64_t> values) {
    return Tensor::from<std::int64_t>({1, std::ssize(values)}, values);
  };
  const auto run = [&](std::vector<std::int64_t> text, std::vector<std::int64_t> written) {
    return test::run_model(model, {{"input_ids", ids(std::move(text))},
                                   {"attention_mask", ids({1, 1, 1, 0})},
                                   {"decoder_input_ids", ids(std::move(written))}});
  };
  const Tensor expected = run({5, 6, 7, 8}, {0, 9, 10});
  EXPECT_TRUE(same_bits(run({5, 6, 7, 99}, {0, 9, 10}), expected)) << "the last token is masked";
  const Tensor other_end = run({5, 6, 7, 8}, {0, 9, 11});
  EXPECT_TRUE(std::equal(expected.data<float>(), expected.data<float>() + 2 * 160, other_end.data<float>()));
  EXPECT_FALSE(same_bits(other_end, expected));
  EXPECT_FALSE(same_bits(run({5, 6, 4, 8}, {0, 9, 10}), expected));
}

TEST(EncoderDecoder, RepeatedEmbeddingsAreLeftAside) {
  formats::Checkpoint checkpoint = golden("t5");
  const Tensor before = output_of(checkpoint);
  for (const char* name : {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"}) {
    repeat(checkpoint, "shared.weight", name);
  }
  EXPECT_THAT(build(checkpoint).notes,
              ElementsAre("tensor 'encoder.embed_tokens.weight' left aside: repeats the token embedding",
                          "tensor 'decoder.embed_tokens.weight' left aside: repeats the token embedding",
                          "tensor 'lm_head.weight' left aside: the head is tied to the token embedding"));
  EXPECT_TRUE(same_bits(output_of(checkpoint), before));
  checkpoint.tensors.erase("shared.weight");
  EXPECT_TRUE(same_bits(output_of(checkpoint), before)) << "the encoder's name for it will do";
}

/// T5 1.1 unties the head, which then reads what the decoder gives as it is.
TEST(EncoderDecoder, AnUntiedHeadIsAMatrixOfItsOwn) {
  formats::Checkpoint checkpoint = golden("t5-gated");
  const Tensor unscaled = output_of(checkpoint);
  // As transformers 5 writes it: tied, not scaled, and the head is another matrix if there is one.
  repeat(checkpoint, "shared.weight", "lm_head.weight");
  EXPECT_FALSE(build(checkpoint).model.hyperparameters.tied_head);
  EXPECT_TRUE(same_bits(output_of(checkpoint), unscaled));
  // As before version 5.
  checkpoint.config.as_object().erase("scale_decoder_outputs");
  checkpoint.config.set("tie_word_embeddings", false);
  EXPECT_FALSE(build(checkpoint).model.hyperparameters.tied_head);
  EXPECT_TRUE(same_bits(output_of(checkpoint), unscaled));
  add_random(checkpoint, "lm_head.weight", {160, 64});
  EXPECT_FALSE(same_bits(output_of(checkpoint), unscaled));
  checkpoint.tensors.erase("lm_head.weight");
  expect_refused(checkpoint, "tensor 'lm_head.weight': the checkpoint has none, expected shape [160, 64]");
}

TEST(EncoderDecoder, AnEncoderAloneGivesItsOutput) {
  formats::Checkpoint checkpoint = golden("t5");
  set_architecture(checkpoint, "T5EncoderModel");
  const ModelGraph model = build(checkpoint);
  EXPECT_EQ(model.model.task, Task::kFeatures);
  EXPECT_EQ(model.graph.inputs().size(), 2U);
  EXPECT_EQ(output_of(checkpoint).shape(), (Shape{1, 6, 64}));
  EXPECT_EQ(model.notes.size(), 1U);
  EXPECT_NE(model.notes.at(0).find("left aside: the architecture has no decoder"), std::string::npos);
}

TEST(EncoderDecoder, MissingWrongAndUnknownTensorsAreNamed) {
  formats::Checkpoint missing = golden("t5");
  missing.tensors.erase("decoder.block.1.layer.1.EncDecAttention.k.weight");
  expect_refused(missing, "tensor 'decoder.block.1.layer.1.EncDecAttention.k.weight': the checkpoint has none");
  formats::Checkpoint wrong = golden("t5");
  wrong.config.set("relative_attention_num_buckets", 16);
  expect_refused(wrong, "relative_attention_bias.weight': found shape [32, 4], expected [16, 4]");
  formats::Checkpoint extra = golden("t5");
  add_random(extra, "decoder.block.0.adapter.weight", {2});
  expect_refused(extra, "found a tensor that no part of a t5 model reads");
  formats::Checkpoint old = golden("t5");
  add_random(old, "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight", {32, 4});
  EXPECT_THAT(build(old).notes, testing::SizeIs(1));
}

TEST(EncoderDecoder, ConfigurationsThatDoNotFitAreRefused) {
  formats::Checkpoint checkpoint = golden("t5");
  checkpoint.config.set("feed_forward_proj", "gated-glu");
  expect_refused(checkpoint, "config.json: feed_forward_proj: no activation 'glu'");
  checkpoint.config.set("feed_forward_proj", "gated-silu");
  expect_refused(checkpoint, "tensor 'encoder.block.0.layer.1.DenseReluDense.wi_0.weight': the checkpoint has none");
  checkpoint = golden("t5");
  set_architecture(checkpoint, "T5ForSequenceClassification");
  expect_refused(checkpoint,
                 "config.json: architectures[0]: found 'T5ForSequenceClassification', expected a name that ends in "
                 "ForConditionalGeneration or EncoderModel");
}

}  // namespace
}  // namespace kerf::models
