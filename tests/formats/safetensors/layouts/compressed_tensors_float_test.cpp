#include <gtest/gtest.h>

#include "formats/safetensors/layouts/compressed_tensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/safetensors_bytes.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::safetensors {
namespace {

using test::expect_error;

graph::SourceMap decode(const std::string& weights, const std::string& more = "") {
  const test::TempDir dir;
  const Json config = Json::parse(R"({"format":"float-quantized","quant_method":"compressed-tensors",)" + more +
                                      R"("config_groups":{"group_0":{"targets":["Linear"],
      "input_activations":{"num_bits":8,"type":"float","dynamic":true},"weights":)" +
                                      weights + "}}}",
                                  "config.json");
  const Reader reader(
      dir.write("m.safetensors", test::safetensors_bytes({{"m.weight", "F8_E4M3", {2, 1}, "\x38\x40"},
                                                          test::f32_tensor("m.weight_scale", {2, 1}, {3, 4})})));
  return compressed_tensors::decode(JsonCursor(config, "config.json"), reader.stored());
}

TEST(CompressedTensorsFloat, ReadsValuesTimesScales) {
  const auto sources = decode(R"({"num_bits":8,"type":"float","strategy":"channel","symmetric":true})");
  const Tensor values = sources.at("m.weight")->read();
  EXPECT_EQ(values.data<float>()[0], 3);
  EXPECT_EQ(values.data<float>()[1], 8);
}

TEST(CompressedTensorsFloat, RefusesOtherSchemes) {
  const auto refused = [](const std::string& weights, std::string_view what, const std::string& more = "") {
    expect_error(ErrorCode::kInput, what, [&] { decode(weights, more); });
  };
  refused(R"({"num_bits":4,"type":"float"})", "num_bits: expected 8");
  refused(R"({"num_bits":8,"type":"int"})", "expected 'float' in this format");
  refused(R"({"num_bits":8,"type":"float","strategy":"group"})", "strategy: found 'group'");
  refused(R"({"num_bits":8,"type":"float"})", "kv_cache_scheme: found a quantized KV cache",
          R"("kv_cache_scheme":{"num_bits":8},)");
}

}  // namespace
}  // namespace kerf::formats::safetensors
