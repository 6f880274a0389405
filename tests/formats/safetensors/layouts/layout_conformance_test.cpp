// What holds for every layout and every scheme: a scheme is refused with a reason, or what is written reads back as the
// same numbers, in exactly the bytes that were planned.

#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "codec/grid.h"
#include "core/error.h"
#include "core/random.h"
#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/writer.h"
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
    const auto drawn = static_cast<float>(random.uniform() - 0.3) * 0.1F;
    if (scheme.scale_dtype == DType::kE8M0) return codec::round_to(scheme.scale_dtype, std::abs(drawn));
    return codec::round_scale(scheme, drawn);
  };
  for (auto& c : weight.codes) c = code();
  for (auto& s : weight.scales) s = scale();
  for (auto& z : weight.zero_points) z = code();
  for (auto& m : weight.minima) m = scale();
  return weight;
}

/// Writes the weight as a checkpoint of one module and opens it again.
graph::SourceMap write_and_read(const LayoutInfo& layout, const QuantizedTensor& weight, const test::TempDir& dir) {
  const std::vector<TensorPlan> plan = layout.plan(kModule, weight.scheme, weight.rows, weight.cols);
  std::string file = make_header(plan, kPyTorchMetadata);
  const std::vector<EncodedTensor> encoded = layout.encode(kModule, weight, nullptr);
  EXPECT_EQ(encoded.size(), plan.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    EXPECT_EQ(encoded[i].plan.name, plan[i].name);
    EXPECT_EQ(encoded[i].plan.dtype, plan[i].dtype);
    EXPECT_EQ(encoded[i].plan.shape, plan[i].shape);
    EXPECT_EQ(encoded[i].bytes.size(), plan[i].bytes());
    file.append(reinterpret_cast<const char*>(encoded[i].bytes.data()), encoded[i].bytes.size());
  }
  const Json config = layout.config({.quantized = {{std::string(kModule), weight.scheme}}, .unquantized = {}});
  if (const Json* method = config.find("quant_method")) {
    EXPECT_EQ(find_layout_of(method->as_string())->decode, layout.decode);
  } else {
    EXPECT_NE(layout.config_keys.front(), "quantization_config") << "nothing says which layout it is";
  }
  return layout.decode(JsonCursor(config, "config.json", "quantization_config"),
                       Reader(dir.write("model.safetensors", file)).stored());
}

/// Scales may come back in a dtype that holds more: bitsandbytes has f32 only.
void expect_same(const QuantizedTensor& a, const QuantizedTensor& b) {
  EXPECT_EQ(a.scheme.name, b.scheme.name);
  EXPECT_TRUE(a.scheme.scale_dtype == b.scheme.scale_dtype || a.scheme.scale_dtype == DType::kF32);
  EXPECT_EQ(a.scheme.unit.value, b.scheme.unit.value);
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.cols, b.cols);
  EXPECT_EQ(a.codes, b.codes);
  EXPECT_EQ(a.scales, b.scales);
  EXPECT_EQ(a.zero_points, b.zero_points);
  EXPECT_EQ(a.minima, b.minima);
}

void check_rows(const QuantizedTensor& weight, const graph::TensorSource& source) {
  std::vector<float> expected(static_cast<std::size_t>(weight.cols)), row(expected.size());
  for (std::int64_t r = 0; r < weight.rows; ++r) {  // each row by itself: words hold parts of several
    codec::dequantize_rows(weight, r, 1, expected.data());
    source.read_rows(r, 1, row.data());
    EXPECT_EQ(std::memcmp(row.data(), expected.data(), row.size() * sizeof(float)), 0) << "row " << r;
  }
}

void check_round_trip(const LayoutInfo& layout, const Scheme& scheme, std::int64_t rows, std::int64_t cols) {
  Random random(static_cast<std::uint64_t>(rows * 1000 + cols));
  const test::TempDir dir;
  const QuantizedTensor weight = random_weight(scheme, rows, cols, random);
  const graph::SourceMap sources = write_and_read(layout, weight, dir);
  ASSERT_EQ(sources.size(), 1U);
  const graph::TensorSource& source = *sources.at(std::string(kModule) + ".weight");
  EXPECT_EQ(source.shape(), (Shape{rows, cols}));
  check_rows(weight, source);
  if (scheme.levels != nullptr && scheme.bits == 8 && !source.scheme()) return;  // 8-bit floats are floats when read
  ASSERT_TRUE(source.scheme());
  EXPECT_EQ(source.scheme()->name, scheme.name);
  const auto read = source.read_quantized();
  ASSERT_TRUE(read);
  expect_same(*read, weight);
}

/// What is held is told apart by more than the names that help texts have.
std::vector<std::string> names() {
  std::vector<std::string> names = codec::scheme_names();
  for (const int bits : {2, 3, 4, 5, 6, 7, 8}) {
    for (const char* group : {"", "-g16", "-g32", "-g48", "-tensor"}) {
      for (const char* offset : {"", "-asym", "-min"}) names.push_back(fmt::format("int{}{}{}", bits, group, offset));
    }
  }
  for (const char* name : {"nf4", "nf4-g32", "nf4-g128", "fp4-g256", "nf4-tensor"}) names.emplace_back(name);
  return names;
}

std::vector<DType> scale_dtypes(const Scheme& scheme) {
  if (scheme.fixed_scale_dtype) return {scheme.scale_dtype};
  return {DType::kF16, DType::kBF16, DType::kF32};
}

TEST(LayoutConformance, HoldsASchemeExactlyOrRefusesIt) {
  std::map<std::string_view, int> held;
  for (const LayoutInfo* layout : layouts()) {
    for (const std::string& name : names()) {
      Scheme scheme = codec::parse_scheme(name);
      if (!scheme.quantized()) continue;
      if (scheme.unit_by_tensor) scheme.unit.value = 0.125F;
      for (const DType scale_dtype : scale_dtypes(scheme)) {
        scheme.scale_dtype = scale_dtype;
        for (const auto& [rows, cols] : std::vector<std::pair<std::int64_t, std::int64_t>>{
                 {37, 256}, {3, 130}, {32, 96}, {64, 32}, {40, 128}, {96, 160}, {1, 8}}) {
          SCOPED_TRACE(fmt::format("{} {} {} [{}, {}]", layout->name, name, dtype_name(scale_dtype), rows, cols));
          if (const auto why = layout->refusal(scheme, rows, cols)) {
            EXPECT_GT(why->size(), 20U) << *why;
          } else {
            check_round_trip(*layout, scheme, rows, cols);
            ++held[layout->name];
          }
        }
      }
    }
  }
  for (const LayoutInfo* layout : layouts()) {
    EXPECT_TRUE(layout->plan == nullptr || held[layout->name] > 10) << layout->name << " " << held[layout->name];
  }
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
