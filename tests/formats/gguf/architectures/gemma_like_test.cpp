#include "formats/gguf/architectures/gemma_like.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::formats::gguf {
namespace {

description::Model with_types(const std::string& types) {
  description::Model model;
  model.config = Json::parse("{\"layer_types\": " + types + "}", "config.json");
  return model;
}

TEST(GgufGemmaLike, LayerTypesAreAPeriod) {
  const std::string s = "\"sliding_attention\"", f = "\"full_attention\"";
  const auto period = [](const std::string& types) { return window_period(with_types("[" + types + "]"), 6); };
  EXPECT_EQ(period(""), 6);
  EXPECT_EQ(period(f + "," + f), 1);
  EXPECT_EQ(period(s + "," + f + "," + s), 2);
  EXPECT_EQ(period(s + "," + s + "," + s), 4);
  for (std::int64_t length = 1; length < 5; ++length) {
    description::Model model;
    model.config = Json::object();
    model.config.set("layer_types", layer_types(9, length));
    EXPECT_EQ(window_period(model, 6), length);
  }
  test::expect_error(ErrorCode::kUsage, "found full_attention as the type of layer 2",
                     [&] { period(s + "," + f + "," + f); });
}

}  // namespace
}  // namespace kerf::formats::gguf
