#include "formats/safetensors/layouts/scaled_floats.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "codec/quantized_tensor.h"
#include "core/checked.h"
#include "core/random.h"
#include "formats/safetensors/layouts/layout.h"
#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors {
namespace {

using test::bytes_of;
using test::expect_error;
using test::f32_tensor;
using test::TensorBytes;

class ScaledFloats : public ::testing::Test {
 protected:
  graph::SourceMap decode(const std::vector<TensorBytes>& tensors, const std::string& config = "{}",
                          std::string_view layout = "fp8") {
    config_ = Json::parse(config, "config.json");
    const Reader reader(dir_.write("model.safetensors", test::safetensors_bytes(tensors)));
    return find_layout(layout)->decode(JsonCursor(config_, "config.json", "quantization_config"), reader.stored());
  }
  void refused(std::string_view what, const std::vector<TensorBytes>& tensors, const std::string& config = "{}") {
    expect_error(ErrorCode::kInput, what, [&] { decode(tensors, config); });
  }
  static std::vector<float> values(const graph::SourcePtr& source) {
    const Tensor all = source->read();
    return {all.values<float>().begin(), all.values<float>().end()};
  }

  /// 1, 2, 0.5, -1, 0, 448 (OCP FP8: 0x38, 0x40, 0x30, 0xB8, 0x00, 0x7E).
  static TensorBytes weight(Shape shape = {2, 3}) {
    return {"m.weight", "F8_E4M3", std::move(shape), bytes_of<std::uint8_t>({0x38, 0x40, 0x30, 0xB8, 0x00, 0x7E})};
  }

  test::TempDir dir_;
  Json config_;
};

TEST_F(ScaledFloats, ScalesOfBlocksReachTheEdges) {
  // Blocks of 2 x 2 over 2 x 3: the last column has a block of its own.
  const auto sources =
      decode({weight(), f32_tensor("m.weight_scale_inv", {1, 2}, {10, 0.5}), f32_tensor("norm", {1}, {7})},
             R"({"weight_block_size":[2,2],"fmt":"e4m3","activation_scheme":"dynamic"})");
  ASSERT_EQ(sources.size(), 2U);
  const auto& source = sources.at("m.weight");
  EXPECT_EQ(values(source), (std::vector<float>{10, 20, 0.25, -10, 0, 224}));
  EXPECT_EQ(source->stored_as(), "f8_e4m3 with scales of 2x2");
  EXPECT_EQ(source->stored_bytes(), 6U + 8U);
  EXPECT_FALSE(source->scheme());
  EXPECT_EQ(source->dtype(), DType::kF32);
}

/// Who checks a file wants to know how far apart its values can be.
TEST_F(ScaledFloats, CodesAndScalesGiveTheValuesToo) {
  const auto same = [&](const TensorBytes& scale, const std::string& config = "{}") {
    const auto source = decode({weight(), scale}, config).at("m.weight");
    const codec::QuantizedTensor codes = source->read_quantized().value();
    std::vector<float> found(6);
    codec::dequantize_rows(codes, 0, 2, found.data());
    EXPECT_EQ(found, values(source));
  };
  same(f32_tensor("m.weight_scale_inv", {1, 2}, {10, 0.5}), R"({"weight_block_size":[2,2]})");
  same(f32_tensor("m.weight_scale", {2, 1}, {2, 3}));
  same(f32_tensor("m.weight_scale", {1}, {0.5}));
}

TEST_F(ScaledFloats, ScalesOfChannelsAndTensors) {
  const std::vector<float> channels = {2, 4, 1, -3, 0, 1344};
  EXPECT_EQ(values(decode({weight(), f32_tensor("m.weight_scale", {2, 1}, {2, 3})}, "{}", "fbgemm_fp8").at("m.weight")),
            channels);
  EXPECT_EQ(values(decode({weight(), f32_tensor("m.weight_scale", {2}, {2, 3})}).at("m.weight")), channels);
  for (const Shape& one : {Shape{}, Shape{1}, Shape{1, 1}}) {
    EXPECT_EQ(values(decode({weight(), f32_tensor("m.weight_scale", one, {0.5})}).at("m.weight")),
              (std::vector<float>{0.5, 1, 0.25, -0.5, 0, 224}));
  }
}

TEST_F(ScaledFloats, ScalesMayHaveOtherDtypes) {
  const auto with = [&](const std::string& dtype, const std::string& bytes) {
    return values(decode({weight(), {"m.weight_scale", dtype, {1}, bytes}}).at("m.weight"))[0];
  };
  EXPECT_EQ(with("BF16", bytes_of<std::uint16_t>({0x4000})), 2);
  EXPECT_EQ(with("F16", bytes_of<std::uint16_t>({0x4200})), 3);
  EXPECT_EQ(with("F8_E8M0", bytes_of<std::uint8_t>({130})), 8);
  EXPECT_EQ(with("F8_E8M0", bytes_of<std::uint8_t>({0})), 0x1p-127F);
  const auto nan = decode({weight(), {"m.weight_scale", "F8_E8M0", {1}, "\xff"}}).at("m.weight");
  expect_error(ErrorCode::kInput, "tensor 'm.weight_scale': value at [0] is NaN", [&] { nan->read(); });
}

// By the definition, value by value, on sizes that blocks of 128 do not divide.
TEST_F(ScaledFloats, AnyRowsOfOddSizesAgreeWithTheDefinition) {
  constexpr std::int64_t kRows = 201, kCols = 300, kBlock = 128;
  Random random(5);
  std::string codes, scales;
  for (std::int64_t i = 0; i < kRows * kCols; ++i) codes += static_cast<char>(random.below(0x7F));
  std::vector<float> scale;
  for (std::int64_t i = 0; i < 2 * 3; ++i) scale.push_back(static_cast<float>(random.uniform()));
  scales.assign(reinterpret_cast<const char*>(scale.data()), scale.size() * 4);
  const auto source =
      decode({{"m.weight", "F8_E4M3", {kRows, kCols}, codes}, {"m.weight_scale_inv", "F32", {2, 3}, scales}},
             R"({"weight_block_size":[128,128]})")
          .at("m.weight");
  std::vector<float> plain(codes.size());
  codec::decode_floats(DType::kF8E4M3, test::as_bytes(codes), plain);
  std::vector<float> rows(static_cast<std::size_t>(3 * kCols));
  for (std::int64_t first = 0; first + 3 <= kRows; ++first) {
    source->read_rows(first, 3, rows.data());
    for (std::int64_t i = 0; i < 3 * kCols; ++i) {
      const std::int64_t row = first + i / kCols, col = i % kCols;
      const float expected = plain[static_cast<std::size_t>(row * kCols + col)] *
                             scale[static_cast<std::size_t>(row / kBlock * 3 + col / kBlock)];
      ASSERT_EQ(rows[static_cast<std::size_t>(i)], expected) << row << " " << col;
    }
  }
  EXPECT_EQ(values(source).size(), codes.size());
}

TEST_F(ScaledFloats, ActivationScalesAreLeftAside) {
  const auto sources =
      decode({weight(), f32_tensor("m.weight_scale", {1}, {1}), f32_tensor("m.input_scale", {1}, {3})});
  EXPECT_EQ(sources.size(), 1U);
}

TEST_F(ScaledFloats, RefusesWhatDisagrees) {
  const std::string blocks = R"({"weight_block_size":[2,2]})";
  refused("tensor 'm.weight': is f8_e4m3 and has no scale beside it", {weight()});
  refused("'m.weight_scale_inv': has shape [2, 2], expected [1, 2] for blocks of 2 x 2",
          {weight(), f32_tensor("m.weight_scale_inv", {2, 2}, {1, 1, 1, 1})}, blocks);
  refused("'m.weight_scale': has shape [3], expected one scale or [2, 1] for a weight of shape [2, 3]",
          {weight(), f32_tensor("m.weight_scale", {3}, {1, 1, 1})});
  refused("expected scales of f32, f16, bf16 or e8m0", {weight(), {"m.weight_scale", "I32", {1}, "abcd"}});
  refused("'n.weight_scale': has no 'n.weight' beside it",
          {weight(), f32_tensor("m.weight_scale", {1}, {1}), f32_tensor("n.weight_scale", {1}, {1})});
  refused("'n.weight': is f32 and has 'n.weight_scale' beside it",
          {weight(), f32_tensor("m.weight_scale", {1}, {1}), f32_tensor("n.weight", {1}, {1}),
           f32_tensor("n.weight_scale", {1}, {1})});
  refused("quantization_config: says that weights are 8-bit floats, but no tensor is",
          {f32_tensor("m.weight", {1}, {1})});
  refused("weight_block_size: expected two sizes", {weight()}, R"({"weight_block_size":[128]})");
  refused("weight_block_size[0]: found 0", {weight()}, R"({"weight_block_size":[0,1]})");
  refused("fmt: found 'e8m7'", {weight()}, R"({"fmt":"e8m7"})");
}

TEST_F(ScaledFloats, NamesAValueThatIsNotFinite) {
  TensorBytes bad = weight();
  bad.data[4] = '\x7f';
  const auto nan = decode({bad, f32_tensor("m.weight_scale", {1}, {1})}).at("m.weight");
  expect_error(ErrorCode::kInput, "tensor 'm.weight': value at [1, 1] is NaN", [&] { nan->read(); });
  const auto large = decode({weight(), f32_tensor("m.weight_scale", {1}, {3e38F})}).at("m.weight");
  expect_error(ErrorCode::kInput, "is infinite", [&] { large->read(); });
}

}  // namespace
}  // namespace kerf::formats::safetensors
