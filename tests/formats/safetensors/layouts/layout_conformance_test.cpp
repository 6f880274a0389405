// What holds for every layout and every scheme: a scheme is refused with a reason, or what is written reads back as the
// same numbers, in exactly the bytes that were planned.

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "core/error.h"
#include "core/random.h"
#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/shards.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors {
namespace {

using codec::QuantizedTensor;
using codec::Scheme;

constexpr std::string_view kModule = "model.layers.0.proj";

QuantizedTensor random_weight(const Scheme& scheme, std::int64_t rows, std::int64_t cols, Random& random) {
  QuantizedTensor weight = codec::make_quantized(scheme, rows, cols);
  const auto code = [&] {
    std::uint8_t drawn = 0;
    do {
      drawn = static_cast<std::uint8_t>(random.below(std::uint64_t{1} << scheme.bits));
    } while (scheme.levels != nullptr && std::isnan(scheme.levels->values[drawn]));
    return drawn;
  };
  const auto scale = [&] {
    return codec::round_to(scheme.scale_dtype, static_cast<float>(random.uniform() - 0.3) * 0.1F);
  };
  for (auto& c : weight.codes) c = code();
  for (auto& s : weight.scales) s = scale();
  for (auto& z : weight.zero_points) z = code();
  for (auto& m : weight.minima) m = scale();
  return weight;
}

/// Writes the weight as a checkpoint of one module and opens it again.
graph::SourceMap write_and_read(const LayoutInfo& layout, const QuantizedTensor& weight, const test::TempDir& dir) {
  OutputFolder folder(dir / "out", false);
  std::vector<TensorPlan> plan = layout.plan(kModule, weight.scheme, weight.rows, weight.cols);
  ShardedWriter writer(folder, plan_shards(plan));
  const std::vector<EncodedTensor> encoded = layout.encode(kModule, weight, nullptr);
  EXPECT_EQ(encoded.size(), plan.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    EXPECT_EQ(encoded[i].plan.name, plan[i].name);
    EXPECT_EQ(encoded[i].plan.dtype, plan[i].dtype);
    EXPECT_EQ(encoded[i].plan.shape, plan[i].shape);
    EXPECT_EQ(encoded[i].bytes.size(), plan[i].bytes());
    writer.append(encoded[i].plan.name, encoded[i].bytes);
  }
  writer.finish();
  folder.commit();
  const Json config = layout.config({.quantized = {{std::string(kModule), weight.scheme}}, .unquantized = {}});
  EXPECT_EQ(config.find("quant_method")->as_string(), layout.name);
  return layout.decode(JsonCursor(config, "config.json", "quantization_config"),
                       Reader(dir / "out/model.safetensors").stored());
}

void expect_same(const QuantizedTensor& a, const QuantizedTensor& b) {
  EXPECT_EQ(a.scheme, b.scheme);
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.cols, b.cols);
  EXPECT_EQ(a.codes, b.codes);
  EXPECT_EQ(a.scales, b.scales);
  EXPECT_EQ(a.zero_points, b.zero_points);
  EXPECT_EQ(a.minima, b.minima);
}

void check_round_trip(const LayoutInfo& layout, const Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  Random random(static_cast<std::uint64_t>(rows * 1000 + cols));
  const test::TempDir dir;
  const QuantizedTensor weight = random_weight(scheme, rows, cols, random);
  const graph::SourceMap sources = write_and_read(layout, weight, dir);
  ASSERT_EQ(sources.size(), 1U);
  const graph::TensorSource& source = *sources.at(std::string(kModule) + ".weight");
  EXPECT_EQ(source.shape(), (Shape{rows, cols}));
  // 8-bit floats are floats when they are read.
  if (scheme.kind == Scheme::Kind::kInteger) {
    EXPECT_EQ(source.scheme(), scheme);
    const auto read = source.read_quantized();
    ASSERT_TRUE(read);
    expect_same(*read, weight);
  }
  std::vector<float> expected(static_cast<std::size_t>(cols)), row(expected.size());
  for (std::int64_t r = 0; r < rows; ++r) {  // each row by itself: zero points are packed across rows
    codec::dequantize_rows(weight, r, 1, expected.data());
    source.read_rows(r, 1, row.data());
    EXPECT_EQ(row, expected) << "row " << r;
  }
}

TEST(LayoutConformance, HoldsASchemeExactlyOrRefusesIt) {
  int held = 0;
  for (const LayoutInfo* layout : layouts()) {
    for (const std::string& name : codec::scheme_names()) {
      for (const DType scale_dtype : {DType::kF16, DType::kBF16, DType::kF32}) {
        Scheme scheme = codec::parse_scheme(name);
        if (!scheme.quantized()) continue;
        scheme.scale_dtype = scale_dtype;
        for (const auto& [rows, cols] : std::vector<std::pair<std::int64_t, std::int64_t>>{{37, 256}, {3, 130}}) {
          SCOPED_TRACE(std::string(layout->name) + " " + name + " " + std::string(dtype_name(scale_dtype)));
          if (const auto why = layout->refusal(scheme, rows, cols)) {
            EXPECT_GT(why->size(), 20U) << *why;
          } else {
            check_round_trip(*layout, scheme, rows, cols);
            ++held;
          }
        }
      }
    }
  }
  EXPECT_GT(held, 20);
}

TEST(LayoutConformance, NeedsNothingForPlainFloats) {
  for (const LayoutInfo* layout : layouts()) {
    for (const std::string name : {"none", "f16", "bf16", "f32"}) {
      EXPECT_FALSE(layout->refusal(codec::parse_scheme(name), 3, 5)) << layout->name << " " << name;
    }
  }
}

}  // namespace
}  // namespace kerf::formats::safetensors
