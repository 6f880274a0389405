#include "sweep/bind.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/graph_sketch.h"

namespace kerf::sweep {
namespace {

using test::expect_error;
using testing::ElementsAre;

using Named = std::map<std::string, Tensor>;

Tensor matrix(std::int64_t rows, std::vector<std::int64_t> values) {
  return Tensor::from<std::int64_t>({rows, static_cast<std::int64_t>(values.size()) / rows}, values);
}

/// A model of ten tokens with the usual inputs, in an order of its own.
class Bind : public testing::Test {
 protected:
  Bind() {
    for (const char* name : {"attention_mask", "input_ids", "token_type_ids", "position_ids"}) {
      sketch_.input(name, DType::kI64);
    }
    model_.hyperparameters.vocab_size = 10;
  }
  WindowInputs ids(const std::vector<std::int64_t>& ids) const { return bind_ids(sketch_.graph, model_, ids); }
  WindowInputs named(const Named& tensors, std::int64_t row = 0) const {
    return bind_named(sketch_.graph, model_, tensors, row);
  }
  void expect_refused(std::string_view message, const Named& tensors) const {
    expect_error(ErrorCode::kInput, message, [&] { named(tensors); });
  }
  static std::vector<std::int64_t> values(const Tensor& tensor) {
    EXPECT_EQ(tensor.rank(), 2U);
    EXPECT_EQ(tensor.dim(0), 1);
    return {tensor.values<std::int64_t>().begin(), tensor.values<std::int64_t>().end()};
  }

  test::GraphSketch sketch_;
  description::Model model_;
};

TEST_F(Bind, EveryInputHasItsMeaning) {
  const WindowInputs inputs = ids({7, 0, 9});
  ASSERT_EQ(inputs.size(), 4U);
  EXPECT_THAT(values(inputs[0]), ElementsAre(1, 1, 1));
  EXPECT_THAT(values(inputs[1]), ElementsAre(7, 0, 9));
  EXPECT_THAT(values(inputs[2]), ElementsAre(0, 0, 0));
  EXPECT_THAT(values(inputs[3]), ElementsAre(0, 1, 2));
}

TEST_F(Bind, IdsOutsideTheVocabularyAreRefusedWithTheirPlace) {
  expect_error(ErrorCode::kInput, "input_ids: token id 10 at position 2, the model has ids 0 to 9", [&] {
    ids({9, 0, 10});
  });
  expect_error(ErrorCode::kInput, "token id -1 at position 0", [&] { ids({-1}); });
  expect_refused("token id 10 at position 1", {{"input_ids", matrix(1, {0, 10})}});
}

TEST_F(Bind, AWindowLongerThanTheLearnedPositionsIsRefused) {
  model_.hyperparameters.max_positions = 4;
  EXPECT_EQ(ids({1, 1, 1, 1}).size(), 4U);
  expect_error(ErrorCode::kInput, "input_ids: 5 tokens, the model has positions for 4", [&] { ids({1, 1, 1, 1, 1}); });
  expect_refused("5 tokens", {{"input_ids", matrix(1, {1, 1, 1, 1, 1})}});
  model_.hyperparameters.max_positions = 0;
  EXPECT_NO_THROW(ids(std::vector<std::int64_t>(1000, 1)));
}

TEST_F(Bind, TensorsAreTakenByNameAndRow) {
  const Named tensors = {{"input_ids", matrix(2, {1, 2, 3, 4, 5, 6})},
                         {"attention_mask", matrix(2, {1, 1, 1, 0, 1, 1})},
                         {"position_ids", matrix(2, {0, 1, 2, 5, 6, 7})}};
  const WindowInputs first = named(tensors, 0), second = named(tensors, 1);
  EXPECT_THAT(values(first[1]), ElementsAre(1, 2, 3));
  EXPECT_THAT(values(second[0]), ElementsAre(0, 1, 1));
  EXPECT_THAT(values(second[1]), ElementsAre(4, 5, 6));
  EXPECT_THAT(values(second[2]), ElementsAre(0, 0, 0));
  EXPECT_THAT(values(second[3]), ElementsAre(5, 6, 7));
}

TEST_F(Bind, AbsentTensorsAreAsForIds) {
  const WindowInputs found = named({{"input_ids", matrix(1, {7, 0, 9})}}), expected = ids({7, 0, 9});
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(values(found[i]), values(expected[i])) << i;
}

TEST_F(Bind, TensorsThatDoNotFitAreNamed) {
  const Tensor good = matrix(1, {1, 2});
  expect_refused("input_ids: the tensor is missing", {{"attention_mask", good}});
  expect_refused("'logits': the model has no such input", {{"input_ids", good}, {"logits", good}});
  expect_refused("input_ids: found f32 [1, 2], expected i64", {{"input_ids", Tensor::zeros(DType::kF32, {1, 2})}});
  expect_refused("input_ids: found i64 [2], expected i64 [batch, length]", {{"input_ids", good.reshaped({2})}});
  expect_refused("attention_mask: found shape [1, 3], expected [1, 2] as input_ids",
                 {{"input_ids", good}, {"attention_mask", matrix(1, {1, 1, 1})}});
  expect_refused("attention_mask: found f32 [1, 2]",
                 {{"input_ids", good}, {"attention_mask", Tensor::zeros(DType::kF32, {1, 2})}});
}

TEST_F(Bind, AMaskIsZeroesAndOnes) {
  const auto with = [&](std::int64_t value) {
    return Named{{"input_ids", matrix(1, {1, 2})}, {"attention_mask", matrix(1, {1, value})}};
  };
  EXPECT_NO_THROW(named(with(0)));
  expect_refused("attention_mask: found 2, expected 0 to 1", with(2));
  expect_refused("attention_mask: found -1, expected 0 to 1", with(-1));
}

TEST_F(Bind, PositionsAreNotNegativeAndWithinThoseLearned) {
  const auto with = [&](std::int64_t value) {
    return Named{{"input_ids", matrix(1, {1, 2})}, {"position_ids", matrix(1, {0, value})}};
  };
  EXPECT_NO_THROW(named(with(1000000)));
  expect_refused("position_ids: found -1, expected 0 or more", with(-1));
  model_.hyperparameters.max_positions = 4;
  EXPECT_NO_THROW(named(with(3)));
  expect_refused("position_ids: found 4, expected 0 to 3", with(4));
}

TEST_F(Bind, TypesAreThoseThatTheModelHas) {
  const auto with = [&](std::int64_t value) {
    return Named{{"input_ids", matrix(1, {1, 2})}, {"token_type_ids", matrix(1, {0, value})}};
  };
  EXPECT_NO_THROW(named(with(1000000))) << "no table bounds them";
  model_.hyperparameters.type_vocab_size = 2;
  EXPECT_THAT(values(named(with(1))[2]), ElementsAre(0, 1));
  expect_refused("token_type_ids: found 2, expected 0 to 1", with(2));
}

/// What transformers' create_position_ids_from_input_ids gives for RoBERTa, whose padding is token 1.
TEST_F(Bind, PositionsMayBeginLaterAndPassOverPadding) {
  model_.positions = {.first = 2, .skipped_id = 1};
  EXPECT_THAT(values(ids({0, 7, 9})[3]), ElementsAre(2, 3, 4));
  EXPECT_THAT(values(ids({0, 7, 1, 9, 1, 1})[3]), ElementsAre(2, 3, 1, 4, 1, 1));
  EXPECT_THAT(values(ids({1, 1, 7})[3]), ElementsAre(1, 1, 2));
  model_.positions.skipped_id = -1;
  EXPECT_THAT(values(ids({0, 1, 7})[3]), ElementsAre(2, 3, 4));
}

/// What transformers' OPT makes of a mask: its cumulative sum where it is one, and -1 elsewhere.
TEST_F(Bind, PositionsMayCountWhatTheMaskLeavesIn) {
  const Named tensors{{"input_ids", matrix(1, {5, 5, 6, 7, 8})}, {"attention_mask", matrix(1, {0, 0, 1, 0, 1})}};
  EXPECT_THAT(values(named(tensors)[3]), ElementsAre(0, 1, 2, 3, 4));
  model_.positions.by_mask = true;
  EXPECT_THAT(values(named(tensors)[3]), ElementsAre(-1, -1, 0, -1, 1));
  EXPECT_THAT(values(ids({5, 5, 6})[3]), ElementsAre(0, 1, 2));
}

TEST_F(Bind, OnlyTokensThatCountNeedAPosition) {
  model_.positions = {.first = 2, .skipped_id = 1};
  model_.hyperparameters.max_positions = 3;
  EXPECT_NO_THROW(ids({5, 5, 5, 1, 1}));
  expect_error(ErrorCode::kInput, "input_ids: 4 tokens, the model has positions for 3", [&] { ids({5, 5, 5, 5}); });
  const auto with = [&](std::int64_t position) {
    return Named{{"input_ids", matrix(1, {1, 2})}, {"position_ids", matrix(1, {0, position})}};
  };
  EXPECT_NO_THROW(named(with(4)));
  expect_refused("position_ids: found 5, expected 0 to 4", with(5));
}

/// A model that reads one text and writes another.
class BindTwoTexts : public Bind {
 protected:
  BindTwoTexts() {
    sketch_.input("decoder_input_ids", DType::kI64);
    sketch_.input("decoder_attention_mask", DType::kI64);
    model_.decoder_start_id = 3;
  }
};

TEST_F(BindTwoTexts, TheDecoderReadsTheSameTextBehindItsStart) {
  const WindowInputs inputs = ids({7, 0, 9});
  EXPECT_THAT(values(inputs[4]), ElementsAre(3, 7, 0));
  EXPECT_THAT(values(inputs[5]), ElementsAre(1, 1, 1));
}

TEST_F(BindTwoTexts, TheDecodersTextHasALengthOfItsOwn) {
  const Named tensors = {{"input_ids", matrix(2, {1, 2, 3, 4, 5, 6})}, {"decoder_input_ids", matrix(2, {3, 8, 3, 9})}};
  const WindowInputs inputs = named(tensors, 1);
  EXPECT_THAT(values(inputs[1]), ElementsAre(4, 5, 6));
  EXPECT_THAT(values(inputs[4]), ElementsAre(3, 9));
  EXPECT_THAT(values(inputs[5]), ElementsAre(1, 1));
  Named masked = tensors;
  masked["decoder_attention_mask"] = matrix(2, {1, 1, 1, 0});
  EXPECT_THAT(values(named(masked, 1)[5]), ElementsAre(1, 0));
}

TEST_F(BindTwoTexts, TheDecodersTensorsThatDoNotFitAreNamed) {
  const Tensor good = matrix(2, {1, 2, 3, 4});
  expect_refused("decoder_input_ids: found shape [1, 4], expected [2, 4] as the batch of input_ids",
                 {{"input_ids", good}, {"decoder_input_ids", good.reshaped({1, 4})}});
  expect_refused("decoder_input_ids: found shape [2, 0], expected [2, 1]",
                 {{"input_ids", good}, {"decoder_input_ids", Tensor::zeros(DType::kI64, {2, 0})}});
  expect_refused("decoder_input_ids: found shape [4]",
                 {{"input_ids", good}, {"decoder_input_ids", good.reshaped({4})}});
  expect_refused("decoder_input_ids: token id 10 at position 1, the model has ids 0 to 9",
                 {{"input_ids", good}, {"decoder_input_ids", matrix(2, {1, 10, 1, 1})}});
  expect_refused("decoder_attention_mask: found shape [2, 2], expected [2, 1] as decoder_input_ids",
                 {{"input_ids", good}, {"decoder_input_ids", matrix(2, {1, 1})}, {"decoder_attention_mask", good}});
  expect_refused("decoder_attention_mask: found 2, expected 0 to 1",
                 {{"input_ids", good}, {"decoder_attention_mask", matrix(2, {1, 2, 0, 0})}});
}

}  // namespace
}  // namespace kerf::sweep
