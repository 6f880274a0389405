#include "quant/option_use.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"
#include "tests/support/op_runner.h"

namespace kerf::quant {
namespace {

using test::GoldenModel;

constexpr MethodOption kAll[] = {MethodOption::kDamping, MethodOption::kActOrder, MethodOption::kPolish,
                                 MethodOption::kSteps};

/// Few steps: what is asked is whether their number matters.
MethodOptions few_steps() {
  MethodOptions options;
  options.steps = 4;
  return options;
}

MethodOptions changed(MethodOption option) {
  MethodOptions options = few_steps();
  if (option == MethodOption::kDamping) options.damping = 0.5;
  if (option == MethodOption::kActOrder) options.act_order = false;
  if (option == MethodOption::kPolish) options.polish = 0;
  if (option == MethodOption::kSteps) options.steps = 9;
  return options;
}

bool same_weights(const Candidate& a, const Candidate& b) {
  return std::all_of(a.overlay.entries().begin(), a.overlay.entries().end(), [&](const auto& entry) {
    return test::same_bits(entry.second->read(), b.overlay.entries().at(entry.first)->read());
  });
}

/// Whether each option changes what comes out of a candidate is what reads() says of it.
template <typename Make>
void expect_effects(const GoldenModel& model, Make make) {
  const CalibrationData text{.windows = model.windows(3, 32, 1), .statistics = nullptr};
  Candidate usual = make();
  usual.options = few_steps();
  quantize(model.walker, {&usual}, text);
  for (const MethodOption option : kAll) {
    Candidate other = make();
    other.options = changed(option);
    quantize(model.walker, {&other}, text);
    EXPECT_EQ(!same_weights(usual, other), reads(other, option))
        << other.spec << ", option " << static_cast<int>(option);
  }
}

TEST(OptionUse, IsWhatEveryMethodDoes) {
  const GoldenModel model("llama");
  for (const MethodInfo* method : methods()) {
    expect_effects(model, [&] { return candidate_of(model.walker, "int4-g32", std::string(method->name)); });
  }
}

TEST(OptionUse, IsWhatEveryPrunerOfValuesDoes) {
  const GoldenModel model("llama");
  for (const PrunerInfo* pruner : pruners()) {
    if (pruner->structured()) continue;
    expect_effects(model, [&] {
      Candidate candidate = candidate_of(model.walker, "f32", "rtn");
      candidate.spec = std::string(pruner->name) + ":50%";
      for (auto& [id, decision] : candidate.decisions) {
        if (decision.scheme.kind == codec::Scheme::Kind::kFloat) decision.pruning = parse_pruning(candidate.spec);
      }
      return candidate;
    });
  }
}

TEST(OptionUse, ReadersAreListed) {
  for (const MethodOption option : kAll) {
    const std::vector<std::string> names = readers_of(option);
    EXPECT_FALSE(names.empty());
    const auto has = [&](const char* name) { return std::find(names.begin(), names.end(), name) != names.end(); };
    EXPECT_FALSE(has("rtn"));
    EXPECT_TRUE(has("learned"));
    EXPECT_EQ(has("neurons"), option == MethodOption::kDamping) << "what stays makes up by a Hessian's inverse";
  }
}

}  // namespace
}  // namespace kerf::quant
