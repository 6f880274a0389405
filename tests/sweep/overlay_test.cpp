#include "sweep/overlay.h"

#include <cmath>

#include <gtest/gtest.h>

#include "codec/activation.h"
#include "sweep/program.h"
#include "tests/codec/quantize.h"
#include "tests/support/codes_source.h"
#include "tests/support/golden_model.h"
#include "tests/support/graph_sketch.h"
#include "tests/support/op_runner.h"
#include "tests/support/thread_setting.h"

namespace kerf::sweep {
namespace {

using codec::ActivationScheme;
using codec::parse_activation_scheme;
using test::GraphSketch;
using test::same_bits;

std::shared_ptr<const codec::ActivationQuantizer> quantizer_of(const std::string& name) {
  const ActivationScheme scheme = parse_activation_scheme(name);
  if (scheme.dynamic) return codec::make_dynamic_quantizer(scheme);
  return codec::make_static_quantizer(scheme, codec::ValueRange{-2.5F, 3.0F});
}

/// A linear layer whose weight is codes and whose input is rounded.
struct RoundedLinear {
  RoundedLinear(const std::string& weights, const std::string& activations, std::int64_t rows)
      : codes(codec::quantize(codec::parse_scheme(weights), kOut, kIn, codec::random_weights(7, kOut * kIn, 0.3F))),
        quantizer(quantizer_of(activations)),
        x(test::random_normal({1, rows, kIn}, 8)) {
    overlay.set(sketch.graph.node(0).inputs[1], std::make_shared<test::CodesSource>(codes));
    overlay.set_rounding(0, {.input = 0, .quantizer = quantizer});
  }
  Tensor run(const Overlay& under) const {
    const Program program(sketch.graph, make_plan(sketch.graph), 0, 1, {}, {&y, 1});
    return program.run(prepare(sketch.graph, program, &under, nullptr), {&x, 1}, {}).front();
  }

  static constexpr std::int64_t kOut = 10, kIn = 64;
  GraphSketch sketch;
  graph::ValueId input = sketch.input("x");
  graph::ValueId y = sketch.linear("y", input, kOut, kIn);
  codec::QuantizedTensor codes;
  std::shared_ptr<const codec::ActivationQuantizer> quantizer;
  Tensor x;
  Overlay overlay;
};

/// Integers of one token, their scale and zero point, by the formulas of codec/activation.h in double precision.
struct Integers {
  std::vector<std::int64_t> codes;
  double scale = 0;
  std::int64_t zero = 0;
};

Integers integers_of(const codec::ActivationQuantizer& quantizer, const float* x, std::int64_t cols) {
  const ActivationScheme& scheme = quantizer.scheme();
  const std::int64_t lowest = -(std::int64_t{1} << (scheme.bits - 1)), highest = -lowest - 1;
  const double low = std::min(0.0F, *std::min_element(x, x + cols)),
               high = std::max(0.0F, *std::max_element(x, x + cols));
  Integers result;
  if (!scheme.dynamic) {
    result.scale = static_cast<double>(quantizer.params().scale);
    result.zero = quantizer.params().zero_point;
  } else if (scheme.symmetric) {
    result.scale = std::max(high, -low) / static_cast<double>(highest);
  } else {
    result.scale = (high - low) / static_cast<double>(highest - lowest);
    result.zero = lowest + static_cast<std::int64_t>(std::nearbyint(-low / result.scale));
  }
  for (std::int64_t c = 0; c < cols; ++c) {
    const auto code = static_cast<std::int64_t>(std::nearbyint(static_cast<double>(x[c]) / result.scale)) + result.zero;
    result.codes.push_back(std::clamp(code, lowest, highest));
  }
  return result;
}

/// y = s_x sum over groups of s_w sum (q_x - z_x)(q_w - z_w), the inner sum in integers.
double integer_product(const Integers& x, const codec::QuantizedTensor& w, std::int64_t row) {
  double sum = 0;
  for (std::int64_t begin = 0; begin < w.cols; begin += w.scheme.group_width(w.cols)) {
    const auto params = codec::get_params(w, w.group_index(row, begin));
    std::int64_t products = 0;
    for (std::int64_t c = begin; c < std::min(w.cols, begin + w.scheme.group_width(w.cols)); ++c) {
      const auto code = static_cast<std::int64_t>(w.codes[static_cast<std::size_t>(row * w.cols + c)]);
      products += (x.codes[static_cast<std::size_t>(c)] - x.zero) * (code - static_cast<std::int64_t>(params.zero));
    }
    sum += static_cast<double>(params.scale) * static_cast<double>(products);
  }
  return x.scale * sum;
}

TEST(Overlay, RoundedInputsGiveWhatIntegerArithmeticGives) {
  for (const char* weights : {"int8", "int8-asym", "int4-g16", "int4-g32-asym", "int8-tensor"}) {
    for (const char* activations : {"int8-dynamic", "int8-dynamic-asym", "int8-static", "int8-static-asym",
                                    "int4-dynamic", "int4-dynamic-asym"}) {
      const RoundedLinear layer(weights, activations, 7);
      const Tensor found = layer.run(layer.overlay);
      double farthest = 0, largest = 0, plain = 0;
      const Tensor unrounded = [&] {
        Overlay without = layer.overlay;
        without.erase_roundings(0);
        return layer.run(without);
      }();
      for (std::int64_t t = 0; t < 7; ++t) {
        const Integers x = integers_of(*layer.quantizer, layer.x.data<float>() + t * layer.kIn, layer.kIn);
        for (std::int64_t r = 0; r < layer.kOut; ++r) {
          const double expected = integer_product(x, layer.codes, r);
          const std::int64_t at = t * layer.kOut + r;
          farthest = std::max(farthest, std::abs(static_cast<double>(found.data<float>()[at]) - expected));
          plain = std::max(plain, std::abs(static_cast<double>(unrounded.data<float>()[at]) - expected));
          largest = std::max(largest, std::abs(expected));
        }
      }
      EXPECT_LT(farthest, 2e-6 * largest) << weights << " " << activations;
      EXPECT_GT(plain, 1e-3 * largest) << weights << " " << activations << ": not rounded at all would not pass";
    }
  }
}

TEST(Overlay, OnlyTheNodeItselfReadsTheRoundedValue) {
  GraphSketch sketch;
  const graph::ValueId x = sketch.input("x");
  const graph::ValueId a = sketch.linear("a", x, 4, 8), copy = sketch.node("Relu", "copy", {x});
  Overlay overlay;
  overlay.set_rounding(0, {.input = 0, .quantizer = quantizer_of("int4-dynamic")});
  const Tensor values = test::random_normal({1, 3, 8}, 1);
  const std::vector<graph::ValueId> wanted = {a, copy, x};
  const Program program(sketch.graph, make_plan(sketch.graph), 0, 2, {}, wanted);
  const auto plain = program.run(prepare(sketch.graph, program, nullptr, nullptr), {&values, 1}, {});
  const auto found = program.run(prepare(sketch.graph, program, &overlay, nullptr), {&values, 1}, {});
  EXPECT_FALSE(same_bits(found[0], plain[0]));
  EXPECT_TRUE(same_bits(found[1], plain[1]));
  EXPECT_TRUE(same_bits(found[2], values));
}

TEST(Overlay, SharedOperandsBringNoRoundings) {
  const RoundedLinear layer("int8", "int8-dynamic", 3);
  const Program program(layer.sketch.graph, make_plan(layer.sketch.graph), 0, 1, {}, {&layer.y, 1});
  const Operands rounding = prepare(layer.sketch.graph, program, &layer.overlay, nullptr);
  const Operands plain = prepare(layer.sketch.graph, program, nullptr, &rounding);
  EXPECT_TRUE(plain.roundings.empty());
  Overlay same_weight;
  same_weight.set_rounding(0, {.input = 0, .quantizer = layer.quantizer});
  const Operands shared = prepare(layer.sketch.graph, program, &same_weight, &rounding);
  EXPECT_TRUE(same_bits(program.run(shared, {&layer.x, 1}, {}).front(), layer.run(layer.overlay)));
}

TEST(Overlay, ALaterRoundingOfAnInputReplacesTheEarlier) {
  Overlay overlay;
  const auto first = quantizer_of("int8-dynamic"), second = quantizer_of("int4-dynamic");
  overlay.set_rounding(3, {.input = 1, .quantizer = first});
  overlay.set_rounding(3, {.input = 2, .quantizer = first});
  overlay.set_rounding(3, {.input = 1, .quantizer = second});
  EXPECT_EQ(overlay.rounding_of(3, 1), second);
  EXPECT_EQ(overlay.rounding_of(3, 2), first);
  EXPECT_EQ(overlay.rounding_of(3, 0), nullptr);
  EXPECT_EQ(overlay.rounding_of(2, 1), nullptr);
  overlay.erase_roundings(3);
  EXPECT_TRUE(overlay.roundings().empty());
}

TEST(Overlay, PartsOfTheLastAxisAreRowsOfTheirOwn) {
  const Tensor values = test::random_normal({2, 5, 24}, 2);
  const Tensor found = rounded(values, {.input = 0, .parts = 3, .quantizer = quantizer_of("int8-dynamic")});
  Tensor expected = values.clone();
  quantizer_of("int8-dynamic")->round(expected.data<float>(), 30, 8);
  EXPECT_TRUE(same_bits(found, expected));
  EXPECT_EQ(rounded(Tensor::zeros(DType::kF32, {0, 8}), {.input = 0, .quantizer = quantizer_of("int8-dynamic")}).size(),
            0);
}

TEST(Overlay, ThreadsDoNotChangeABit) {
  const test::GoldenModel model("llama");
  Overlay overlay;
  for (const Site& site : model.walker.plan().sites) {
    for (const graph::NodeId node : site.linear_uses) {
      overlay.set_rounding(node, {.input = 0, .quantizer = quantizer_of("int8-dynamic-asym")});
    }
  }
  const auto windows = model.windows(3, 40, 1);
  std::vector<std::vector<Tensor>> results;
  for (const int threads : {1, 2, 5}) {
    const test::ThreadSetting setting(threads);
    results.push_back(model.logits(windows, &overlay));
  }
  for (std::size_t w = 0; w < windows->size(); ++w) {
    EXPECT_TRUE(same_bits(results[0][w], results[1][w]));
    EXPECT_TRUE(same_bits(results[0][w], results[2][w]));
  }
  EXPECT_GT(test::relative_difference(results[0], model.logits(windows, nullptr)), 1e-4);
}

}  // namespace
}  // namespace kerf::sweep
