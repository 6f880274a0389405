#include "eval/evaluator.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quant/sources.h"
#include "tests/support/golden_model.h"
#include "tests/support/graph_sketch.h"
#include "tests/support/thread_setting.h"

namespace kerf::eval {
namespace {

using sweep::Overlay;
using sweep::WindowInputs;
using test::GoldenModel;
using testing::Each;
using testing::IsEmpty;

/// The predictions from `first` on, each of the id behind it.
std::vector<text::Place> predictions(const std::vector<std::int64_t>& ids, std::int64_t first) {
  std::vector<text::Place> places;
  for (std::int64_t p = first; p + 1 < std::ssize(ids); ++p)
    places.push_back({p, ids[static_cast<std::size_t>(p) + 1]});
  return places;
}

/// A text of random ids: what is run and what is scored.
struct Text {
  std::shared_ptr<const std::vector<WindowInputs>> inputs;
  std::vector<text::Window> windows;

  Text(const GoldenModel& model, std::int64_t count, std::int64_t length, std::int64_t first_scored)
      : inputs(model.windows(count, length, 3)) {
    for (const WindowInputs& window : *inputs) {
      const auto ids = window[0].values<std::int64_t>();
      windows.push_back({.ids = {ids.begin(), ids.end()}});
      windows.back().places = predictions(windows.back().ids, first_scored);
    }
  }
};

std::shared_ptr<sweep::Budget> budget() { return std::make_shared<sweep::Budget>(1 << 28, "/tmp"); }

struct Model {
  const sweep::Walker* walker;
  const Overlay* overlay;
};

std::vector<Series> evaluate(const std::vector<Model>& models, const Text& text, bool has_reference,
                             std::int64_t classes = 0) {
  Evaluator evaluator(text.windows, has_reference, classes);
  for (const Model& model : models) {
    const std::size_t index = evaluator.add({model.walker, model.overlay, sweep::Stream(text.inputs, budget())});
    for (const sweep::Block& block : model.walker->plan().blocks) evaluator.advance(index, block, nullptr);
  }
  return evaluator.finish();
}

/// Every matrix inside the blocks rounded to int4: a model that differs a little.
Overlay rounded(const GoldenModel& model) {
  Overlay overlay;
  for (const sweep::Site& site : model.walker.plan().sites) {
    const auto& weight = model.built.graph.value(site.weight).weight;
    if (!graph::is_linear_role(weight.role)) continue;
    overlay.set(site.weight, quant::make_rtn_source(weight.source, codec::parse_scheme("int4-g32")));
  }
  return overlay;
}

/// log softmax of one row of logits, in double, by its definition.
std::vector<double> log_probabilities(const Tensor& logits, std::int64_t position) {
  const std::int64_t vocabulary = logits.dim(2);
  const float* row = logits.data<float>() + position * vocabulary;
  double sum = 0;
  for (std::int64_t i = 0; i < vocabulary; ++i) sum += std::exp(static_cast<double>(row[i]));
  std::vector<double> result;
  for (std::int64_t i = 0; i < vocabulary; ++i) result.push_back(static_cast<double>(row[i]) - std::log(sum));
  return result;
}

std::ptrdiff_t most_likely(const std::vector<double>& values) {
  return std::max_element(values.begin(), values.end()) - values.begin();
}

class EvaluatorOf : public testing::TestWithParam<const char*> {};

TEST_P(EvaluatorOf, MeasuresWhatTheLogitsSay) {
  const GoldenModel model(GetParam());
  const Overlay overlay = rounded(model);
  const Text text(model, 3, 100, 20);  // more positions than a tile of the head
  const auto series = evaluate({{&model.walker, nullptr}, {&model.walker, &overlay}}, text, true);
  const auto reference = model.logits(text.inputs, nullptr), candidate = model.logits(text.inputs, &overlay);
  std::size_t at = 0;
  for (std::size_t w = 0; w < text.windows.size(); ++w) {
    for (std::int64_t p = 20; p < 99; ++p, ++at) {
      const auto token = static_cast<std::size_t>(text.windows[w].ids[static_cast<std::size_t>(p) + 1]);
      const auto a = log_probabilities(reference[w], p), b = log_probabilities(candidate[w], p);
      double divergence = 0;
      for (std::size_t i = 0; i < a.size(); ++i) divergence += std::exp(a[i]) * (a[i] - b[i]);
      ASSERT_NEAR(series[0].nll[at], -a[token], 1e-5);
      ASSERT_NEAR(series[1].nll[at], -b[token], 1e-5);
      ASSERT_NEAR(series[1].kl[at], divergence, 1e-5);
      ASSERT_NEAR(series[1].delta_p[at], std::exp(b[token]) - std::exp(a[token]), 1e-5);
      ASSERT_EQ(series[1].same_top1[at] != 0, most_likely(a) == most_likely(b));
    }
  }
  EXPECT_EQ(series[0].nll.size(), at);
  EXPECT_THAT(series[0].kl, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Models, EvaluatorOf, testing::Values("llama", "gpt2"));

TEST(Evaluator, AModelAgreesWithItself) {
  const GoldenModel model("llama"), again("llama");
  const Text text(model, 4, 30, 0);
  const Overlay nothing;
  const auto series =
      evaluate({{&model.walker, nullptr}, {&model.walker, &nothing}, {&again.walker, nullptr}}, text, true);
  for (const std::size_t s : {1U, 2U}) {
    EXPECT_EQ(series[s].nll, series[0].nll);
    EXPECT_THAT(series[s].kl, Each(0.0));
    EXPECT_THAT(series[s].delta_p, Each(0.0));
    EXPECT_THAT(series[s].same_top1, Each(1));
    EXPECT_THAT(series[s].top5_overlap, Each(1.0F));
  }
}

TEST(Evaluator, WithoutAReferenceOnlyLikelihoodsAreMeasured) {
  const GoldenModel model("llama");
  const Overlay overlay = rounded(model);
  const Text text(model, 2, 30, 0);
  const auto alone = evaluate({{&model.walker, &overlay}}, text, false);
  EXPECT_THAT(alone[0].kl, IsEmpty());
  const auto beside = evaluate({{&model.walker, nullptr}, {&model.walker, &overlay}}, text, true);
  EXPECT_EQ(alone[0].nll, beside[1].nll) << "company changes nothing";
}

TEST(Evaluator, SameBitsForAnyNumberOfThreads) {
  const GoldenModel model("llama");
  const Overlay overlay = rounded(model);
  const Text text(model, 7, 90, 3);
  std::vector<std::vector<Series>> results;
  for (const int threads : {1, 2, 8}) {
    const test::ThreadSetting setting(threads);
    results.push_back(evaluate({{&model.walker, nullptr}, {&model.walker, &overlay}}, text, true));
  }
  for (const auto& series : results) {
    EXPECT_EQ(series[1].nll, results[0][1].nll);
    EXPECT_EQ(series[1].kl, results[0][1].kl);
    EXPECT_EQ(series[1].top5_overlap, results[0][1].top5_overlap);
  }
}

TEST(Evaluator, AnOverlayOfTheHeadIsTheSubjectsOwn) {
  const GoldenModel model("llama");
  const graph::ValueId head = model.walker.plan().sites.back().weight;
  const auto& weight = model.built.graph.value(head).weight;
  ASSERT_EQ(weight.role, graph::Role::kHead);
  Overlay flat;
  flat.set(head, graph::make_memory_source(Tensor::zeros(DType::kF32, weight.source->shape()), "flat"));
  const Text text(model, 2, 10, 0);
  const auto series = evaluate({{&model.walker, nullptr}, {&model.walker, &flat}}, text, true);
  // Equal logits: every one of the 160 tokens is as likely.
  for (const double nll : series[1].nll) EXPECT_NEAR(nll, std::log(160.0), 1e-6);
  EXPECT_EQ(series[0].nll, evaluate({{&model.walker, nullptr}}, text, false)[0].nll);
}

TEST(Evaluator, WindowsScoreTheirOwnPositions) {
  const GoldenModel model("llama");
  Text text(model, 3, 12, 0);
  text.windows[0].places.clear();
  text.windows[1].places = predictions(text.windows[1].ids, 10);  // the last prediction alone
  EXPECT_EQ(Evaluator(text.windows, false).places_in(3), 0U + 1 + 11);
  const auto found = evaluate({{&model.walker, nullptr}}, text, false)[0].nll;
  ASSERT_EQ(found.size(), 12U);
  const auto logits = model.logits(text.inputs, nullptr);
  EXPECT_NEAR(found[0], -log_probabilities(logits[1], 10)[static_cast<std::size_t>(text.windows[1].ids[11])], 1e-5);
  EXPECT_NEAR(found[1], -log_probabilities(logits[2], 0)[static_cast<std::size_t>(text.windows[2].ids[1])], 1e-5);
}

TEST(Evaluator, PlacesMayBeAnywhere) {
  const GoldenModel model("bert-mlm");
  Text text(model, 2, 100, 0);
  std::vector<text::Place> places;
  for (std::int64_t p = 3; p < 100; p += 7) places.push_back({p, (11 * p) % 160});
  for (text::Window& window : text.windows) window.places = places;
  const auto found = evaluate({{&model.walker, nullptr}}, text, false)[0].nll;
  const auto logits = model.logits(text.inputs, nullptr);
  ASSERT_EQ(found.size(), 2 * places.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const text::Place& place = places[i % places.size()];
    const auto row = log_probabilities(logits[i / places.size()], place.position);
    EXPECT_NEAR(found[i], -row[static_cast<std::size_t>(place.target)], 1e-5) << i;
  }
}

TEST(Evaluator, ClassesAreComparedAsDistributions) {
  const GoldenModel model("bert-cls");
  const Overlay overlay = rounded(model);
  Text text(model, 9, 20, 0);
  for (text::Window& window : text.windows) window.places = {{0, -1}};
  const auto series = evaluate({{&model.walker, nullptr}, {&model.walker, &overlay}}, text, true, 5);
  const auto reference = model.logits(text.inputs, nullptr), candidate = model.logits(text.inputs, &overlay);
  ASSERT_EQ(series[1].kl.size(), 9U);
  for (const Series& one : series) {
    EXPECT_THAT(one.nll, IsEmpty()) << "nobody said what is right";
    EXPECT_THAT(one.delta_p, IsEmpty());
    EXPECT_THAT(one.right, IsEmpty());
    EXPECT_THAT(one.top5_overlap, IsEmpty());
  }
  for (std::size_t w = 0; w < 9; ++w) {
    const auto a = log_probabilities(reference[w].reshaped({1, 1, 5}), 0);
    const auto b = log_probabilities(candidate[w].reshaped({1, 1, 5}), 0);
    double divergence = 0, entropy = 0;
    for (std::size_t c = 0; c < 5; ++c) {
      divergence += std::exp(a[c]) * (a[c] - b[c]);
      entropy -= std::exp(b[c]) * b[c];
      EXPECT_NEAR(series[1].probabilities[5 * w + c], std::exp(b[c]), 1e-6);
    }
    EXPECT_NEAR(series[1].kl[w], divergence, 1e-6);
    EXPECT_NEAR(series[1].entropy[w], entropy, 1e-6);
    EXPECT_EQ(series[1].predicted[w], most_likely(b));
    EXPECT_EQ(series[1].same_top1[w] != 0, most_likely(a) == most_likely(b));
  }
  // Whoever knows the classes can say how often they are found.
  for (std::size_t w = 0; w < 9; ++w) text.windows[w].places[0].target = w == 4 ? 0 : series[0].predicted[w];
  const auto labelled = evaluate({{&model.walker, nullptr}}, text, false, 5)[0];
  ASSERT_EQ(labelled.right.size(), 9U);
  for (std::size_t w = 0; w < 9; ++w) EXPECT_EQ(labelled.right[w] != 0, w != 4 || labelled.predicted[4] == 0);
  EXPECT_NEAR(labelled.nll[2], -std::log(labelled.probabilities[10 + static_cast<std::size_t>(labelled.predicted[2])]),
              1e-5);
}

TEST(Evaluator, LastBlocksThatRunAFewAtATimeMeasureTheSame) {
  const GoldenModel model("llama");
  const Overlay overlay = rounded(model);
  const Overlay nothing;
  Overlay reversed;
  reversed.reverse_sums();
  const Text text(model, 3, 100, 20);
  for (const bool has_reference : {true, false}) {
    std::vector<std::vector<Series>> found;
    for (const std::size_t at_once : {std::size_t{0}, std::size_t{3}, std::size_t{9}}) {
      Evaluator evaluator(text.windows, has_reference);
      for (const Overlay* of : std::vector<const Overlay*>{&nothing, &overlay, &reversed, &overlay}) {
        const std::size_t index = evaluator.add({&model.walker, of, sweep::Stream(text.inputs, budget())});
        for (const sweep::Block& block : model.walker.plan().blocks) evaluator.advance(index, block, nullptr);
      }
      found.push_back(evaluator.finish(at_once));
    }
    for (std::size_t s = 0; s < 4; ++s) {
      EXPECT_EQ(found[0][s].nll, found[2][s].nll) << s;
      EXPECT_EQ(found[1][s].kl, found[2][s].kl) << s;
      EXPECT_EQ(found[0][s].kl, found[2][s].kl) << s;
    }
    EXPECT_EQ(found[0][3].kl.empty(), !has_reference);
  }
}

TEST(Evaluator, NoWindowsGiveEmptySeries) {
  const GoldenModel model("llama");
  const Text text(model, 0, 1, 0);
  EXPECT_THAT(evaluate({{&model.walker, nullptr}}, text, false)[0].nll, IsEmpty());
}

TEST(Evaluator, AHeadThatReadsInputsIsNotCutIntoTiles) {
  // logits = W x + prior: the prior is an input, so the last block is run on the whole window.
  constexpr std::int64_t kLength = 150, kWidth = 8, kVocabulary = 12;
  test::GraphSketch sketch;
  const graph::ValueId x = sketch.input("x"), prior = sketch.input("prior");
  const graph::ValueId logits = sketch.node("Add", "sum", {sketch.linear("head", x, kVocabulary, kWidth), prior});
  sketch.graph.add_output("logits", logits);
  const sweep::Walker walker(sketch.graph);

  auto inputs = std::make_shared<std::vector<WindowInputs>>();
  inputs->push_back({test::random_normal({1, kLength, kWidth}, 1), test::random_normal({1, kLength, kVocabulary}, 2)});
  text::Window window;
  for (std::int64_t i = 0; i < kLength; ++i) window.ids.push_back(i % kVocabulary);
  window.places = predictions(window.ids, 0);
  const std::vector<text::Window> windows = {window};

  Evaluator evaluator(windows, false);
  evaluator.add({&walker, nullptr, sweep::Stream(inputs, budget())});
  const auto series = evaluator.finish();
  Tensor expected;
  walker.visit(sweep::Stream(inputs, budget()), 2, {&logits, 1}, nullptr, nullptr, std::nullopt,
               [&](std::size_t, std::span<const Tensor> values) { expected = values[0]; });
  for (std::int64_t p = 0; p + 1 < kLength; ++p) {
    const auto token = static_cast<std::size_t>(window.ids[static_cast<std::size_t>(p) + 1]);
    ASSERT_NEAR(series[0].nll[static_cast<std::size_t>(p)], -log_probabilities(expected, p)[token], 1e-5) << p;
  }
}

}  // namespace
}  // namespace kerf::eval
