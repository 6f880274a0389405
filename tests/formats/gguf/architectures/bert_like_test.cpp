#include "formats/gguf/architectures/bert_like.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::formats::gguf {
namespace {

TEST(GgufBertLike, ClassifiersKeepTheirLabels) {
  description::Model model;
  model.task = description::Task::kClassification;
  model.labels = {"no", "yes"};
  Metadata metadata;
  write_encoder(model, metadata);
  Container container;
  container.tensors.push_back({"cls.output.weight", {2, 8}, 0, 0, 0});
  Json config = Json::object();
  read_encoder(MetadataReader(metadata, "m"), container, config);
  EXPECT_EQ(config.find("id2label")->dump(), R"({"0": "no", "1": "yes"})");
  EXPECT_EQ(config.find("architectures")->dump(), R"(["BertForSequenceClassification"])");
}

TEST(GgufBertLike, CausalOrUnlabelledFilesAreRefused) {
  Json config = Json::object();
  Metadata metadata;
  const auto refused = [&](const Container& container, std::string_view message) {
    test::expect_error(ErrorCode::kInput, message,
                       [&] { read_encoder(MetadataReader(metadata, "m"), container, config); });
  };
  refused({}, "key 'bert.attention.causal': found true or no such key");
  metadata.set("bert.attention.causal", false);
  Container classifier;
  classifier.tensors.push_back({"cls.output.weight", {2, 8}, 0, 0, 0});
  refused(classifier, "key 'bert.classifier.output_labels': found no such key");
}

}  // namespace
}  // namespace kerf::formats::gguf
