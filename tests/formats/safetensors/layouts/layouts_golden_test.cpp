// Files in every layout, encoded and dequantized by a numpy implementation written from the formats' documentation
// (tests/golden/make_layouts.py).
#include <cstring>
#include <filesystem>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/json.h"
#include "formats/safetensors/layouts/layout.h"
#include "formats/safetensors/reader.h"
#include "tests/support/source_dir.h"

namespace kerf::formats::safetensors {
namespace {

const LayoutInfo& layout_of(const Json& config, std::string_view& key) {
  key = config.find("quantization") != nullptr ? "quantization" : "quantization_config";
  if (key == "quantization") return *find_layout("mlx");
  return *find_layout_of(config.find(key)->find("quant_method")->as_string());
}

/// -0 and 0 are one number: numpy's bias + 0 and kerf's symmetric groups differ there.
bool same_values(const Tensor& a, const Tensor& b) {
  const auto x = a.values<float>(), y = b.values<float>();
  return a.shape() == b.shape() && std::equal(x.begin(), x.end(), y.begin());
}

class LayoutsGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(LayoutsGolden, DequantizesAsTheIndependentImplementation) {
  const std::string folder = test::source_dir() + "/tests/golden/layouts/" + GetParam();
  const Json config = Json::parse(read_file(folder + "/config.json", 1 << 20), "config.json");
  std::string_view key;
  const LayoutInfo& layout = layout_of(config, key);
  const graph::SourceMap sources = layout.decode(JsonCursor(*config.find(key), "config.json", std::string(key)),
                                                 Reader(folder + "/model.safetensors").stored());
  const Reader expected(folder + "/expected.safetensors");
  ASSERT_EQ(sources.size(), expected.header().tensors.size());
  for (const auto& [name, source] : sources) {
    EXPECT_TRUE(same_values(source->read(), expected.read_tensor(name))) << name;
    EXPECT_TRUE(source->rounded_to()) << name;
  }
}

/// What has a scheme is written again as the same bytes, where the layout writes it.
TEST_P(LayoutsGolden, EncodesToTheSameBytes) {
  const std::string folder = test::source_dir() + "/tests/golden/layouts/" + GetParam();
  const Json config = Json::parse(read_file(folder + "/config.json", 1 << 20), "config.json");
  std::string_view key;
  const LayoutInfo* layout = &layout_of(config, key);
  const Reader reader(folder + "/model.safetensors");
  const graph::SourceMap sources =
      layout->decode(JsonCursor(*config.find(key), "config.json", std::string(key)), reader.stored());
  if (layout->name == "gptq") layout = find_layout("gptq-v2");
  for (const auto& [name, source] : sources) {
    const auto weight = source->read_quantized();
    if (!weight || layout->refusal(weight->scheme, weight->rows, weight->cols)) continue;
    for (const EncodedTensor& part : layout->encode(name.substr(0, name.size() - 7), *weight, nullptr)) {
      const bool is_nested = reader.header().tensors.contains(name + ".nested_absmax");
      const bool is_v1_zero = GetParam().starts_with("gptq-") && part.plan.name.ends_with(".qzeros");
      const bool names_a_dtype = part.plan.name.find("quant_state") != std::string::npos;  // f32 where torch had f16
      if (is_nested || is_v1_zero || names_a_dtype) continue;
      const Tensor golden = reader.read_tensor(part.plan.name);
      EXPECT_EQ(part.plan.dtype, golden.dtype()) << part.plan.name;
      EXPECT_EQ(part.plan.shape, golden.shape()) << part.plan.name;
      ASSERT_EQ(part.bytes.size(), golden.bytes()) << part.plan.name;
      EXPECT_EQ(std::memcmp(part.bytes.data(), golden.raw(), golden.bytes()), 0) << part.plan.name;
    }
  }
}

std::set<std::string> golden_names() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_dir() + "/tests/golden/layouts")) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, LayoutsGolden, ::testing::ValuesIn(golden_names()), test_name);

}  // namespace
}  // namespace kerf::formats::safetensors
