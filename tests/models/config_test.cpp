#include "models/config.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::models {
namespace {

constexpr const char* kComplete =
    R"({"vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 3,
  "num_attention_heads": 4, "max_position_embeddings": 512})";

description::Hyperparameters read(const Json& config) { return read_standard_sizes(JsonCursor(config, "config.json")); }

Json with(std::string_view key, Json value) {
  Json config = Json::parse(kComplete, "config.json");
  config.set(std::string(key), std::move(value));
  return config;
}

TEST(Config, StandardSizesAndTheirDefaults) {
  const auto h = read(Json::parse(kComplete, "config.json"));
  EXPECT_EQ(h.vocab_size, 100);
  EXPECT_EQ(h.hidden_size, 64);
  EXPECT_EQ(h.intermediate_size, 96);
  EXPECT_EQ(h.layers, 3);
  EXPECT_EQ(h.heads, 4);
  EXPECT_EQ(h.kv_heads, 4);
  EXPECT_EQ(h.head_dim, 16);
  EXPECT_EQ(h.context_length, 512);
  EXPECT_EQ(read(with("num_key_value_heads", 2)).kv_heads, 2);
  EXPECT_EQ(read(with("head_dim", 24)).head_dim, 24);
  EXPECT_EQ(read(with("head_dim", nullptr)).head_dim, 16);
}

TEST(Config, SizesAreBounded) {
  const auto refused = [](std::string_view key, Json value, std::string_view message) {
    const Json config = with(key, std::move(value));
    test::expect_error(ErrorCode::kInput, message, [&] { read(config); });
  };
  refused("vocab_size", 0, "config.json: vocab_size");
  refused("vocab_size", -5, "config.json: vocab_size");
  refused("hidden_size", Json((std::int64_t{1} << 24) + 1), "config.json: hidden_size");
  refused("hidden_size", 2.5, "hidden_size");
  refused("num_hidden_layers", nullptr, "num_hidden_layers");
  refused("num_attention_heads", 5, "found hidden_size 64 for 5 heads, expected a multiple");
  refused("num_key_value_heads", 3, "found 4 attention heads for 3 key/value heads");
}

TEST(Config, TokenIds) {
  description::Model model;
  const Json config =
      Json::parse(R"({"bos_token_id": 1, "eos_token_id": [7, 8], "pad_token_id": null})", "config.json");
  read_token_ids(JsonCursor(config, "config.json"), model);
  EXPECT_EQ(model.bos_id, 1);
  EXPECT_EQ(model.eos_id, 7);
  EXPECT_EQ(model.pad_id, -1);
  const Json empty = Json::parse(R"({"eos_token_id": []})", "config.json");
  read_token_ids(JsonCursor(empty, "config.json"), model);
  EXPECT_EQ(model.eos_id, -1);
  const Json wrong = Json::parse(R"({"eos_token_id": "</s>"})", "config.json");
  test::expect_error(ErrorCode::kInput, "eos_token_id: found a string, expected an integer",
                     [&] { read_token_ids(JsonCursor(wrong, "config.json"), model); });
}

}  // namespace
}  // namespace kerf::models
