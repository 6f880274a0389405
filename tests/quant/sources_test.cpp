#include "quant/sources.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "quant/method.h"
#include "tests/quant/quantizing.h"
#include "tests/support/golden_model.h"
#include "tests/support/random_tensor.h"

namespace kerf::quant {
namespace {

Tensor values_of(const codec::QuantizedTensor& tensor) {
  Tensor values(DType::kF32, {tensor.rows, tensor.cols});
  codec::dequantize_rows(tensor, 0, tensor.rows, values.data<float>());
  return values;
}

double squared_error(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    sum += std::pow(static_cast<double>(a.data<float>()[i]) - static_cast<double>(b.data<float>()[i]), 2);
  }
  return sum;
}

/// What rows share is known from all of them, whichever rows are read.
TEST(RtnSource, RowsThatShareScalesAreReadAsTheWholeIs) {
  for (const char* name : {"f8_e4m3-b16x32", "f8_e5m2-b128x128", "f8_e4m3-b8x8", "int8-tensor", "int4-tensor-asym"}) {
    const codec::Scheme scheme = codec::parse_scheme(name);
    for (const codec::FitRule rule : {codec::FitRule::kRange, codec::FitRule::kSearch}) {
      const Tensor weights = test::random_normal({37, 75}, 3);
      const auto source = make_rtn_source(graph::make_memory_source(weights, "w"), scheme, rule);
      const codec::QuantizedTensor whole = *source->read_quantized();
      EXPECT_EQ(whole.codes, Rounder(scheme, rule).round(weights, {}, scheme, "w").codes) << name;
      const Tensor expected = values_of(whole);
      for (const std::int64_t first : {0, 7, 16, 36}) {
        const std::int64_t count = std::min<std::int64_t>(11, 37 - first);
        std::vector<float> rows(static_cast<std::size_t>(count * 75));
        source->read_rows(first, count, rows.data());
        EXPECT_TRUE(std::equal(rows.begin(), rows.end(), expected.data<float>() + first * 75)) << name << " " << first;
      }
    }
  }
}

/// By hand: the largest magnitude of a block on 448, in f16, and every value by that to the nearest E4M3.
TEST(Rounder, BlocksByTheirDefinition) {
  const codec::Scheme scheme = codec::parse_scheme("f8_e4m3-b16x32");
  const Tensor weights = test::random_normal({40, 70}, 5);
  const codec::QuantizedTensor tensor = round_to_nearest(weights, scheme, "w");
  const Tensor values = values_of(tensor);
  for (std::int64_t top = 0; top < 40; top += 16) {
    for (std::int64_t left = 0; left < 70; left += 32) {
      float largest = 0;
      const auto visit = [&](auto body) {
        for (std::int64_t r = top; r < std::min<std::int64_t>(40, top + 16); ++r) {
          for (std::int64_t c = left; c < std::min<std::int64_t>(70, left + 32); ++c) body(r * 70 + c);
        }
      };
      visit([&](std::int64_t i) { largest = std::max(largest, std::abs(weights.data<float>()[i])); });
      const float scale = codec::round_to(DType::kF16, largest / 448);
      visit([&](std::int64_t i) {
        ASSERT_EQ(values.data<float>()[i], scale * codec::round_to_e4m3(weights.data<float>()[i] / scale));
      });
    }
  }
}

/// Schemes whose scales are of 8 bits, or of many rows.
std::vector<codec::Scheme> unusual_schemes() {
  std::vector<codec::Scheme> schemes;
  for (const char* name : {"int4-g32", "int4-g32-asym", "int3-g64", "int8", "nf4-g64", "f8_e4m3"}) {
    for (const DType dtype : {DType::kE8M0, DType::kF8E4M3}) {
      schemes.push_back(codec::with_scale_dtype(codec::parse_scheme(name), dtype));
    }
  }
  for (const char* name : {"f8_e4m3-b32x32", "f8_e5m2-b24x40", "f8_e4m3-b128x128", "int4-tensor"}) {
    schemes.push_back(codec::parse_scheme(name));
  }
  return schemes;
}

std::string described(const codec::Scheme& scheme) {
  return scheme.name + " with scales of " + std::string(dtype_name(scheme.scale_dtype));
}

TEST(Rounder, SearchIsNeverWorseThanRange) {
  const Tensor weights = test::random_normal({48, 100}, 9);
  for (const codec::Scheme& named : unusual_schemes()) {
    const codec::Scheme scheme = codec::with_unit(named, weights.values<float>());
    const Tensor range = values_of(Rounder(scheme).round(weights, {}, scheme, "w"));
    const Tensor search = values_of(Rounder(scheme, codec::FitRule::kSearch).round(weights, {}, scheme, "w"));
    EXPECT_LE(squared_error(search, weights), squared_error(range, weights) * 1.000001) << described(scheme);
  }
}

/// Every method takes every scheme, and gives scales that can be stored.
TEST(EveryMethod, TakesScalesOfEightBitsAndOfBlocks) {
  const test::GoldenModel model("llama");
  for (const MethodInfo* method : methods()) {
    for (const codec::Scheme& scheme : unusual_schemes()) {
      SCOPED_TRACE(std::string(method->name) + " " + described(scheme));
      Candidate candidate = candidate_of(model.walker, scheme.name, std::string(method->name));
      candidate.options.steps = 2;
      for (auto& [id, decision] : candidate.decisions) {
        if (decision.scheme.quantized()) decision.scheme = scheme;
      }
      quantize(model.walker, {&candidate}, {.windows = model.windows(4, 24, 1), .statistics = nullptr});
      for (const auto& [id, decision] : candidate.decisions) {
        if (!decision.scheme.quantized()) continue;
        const codec::QuantizedTensor tensor = codes_of(candidate, id);
        for (const float scale : tensor.scales) {
          ASSERT_TRUE(scale == 0 || codec::round_scale(tensor.scheme, scale) == scale) << scale;
        }
        const Tensor original = model.built.graph.value(id).weight.source->read();
        const double size = squared_error(original, Tensor::zeros(DType::kF32, original.shape()));
        EXPECT_LT(squared_error(values_of(tensor), original), 0.5 * size);
      }
    }
  }
}

}  // namespace
}  // namespace kerf::quant
