#include "api/request.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::api {
namespace {

using test::expect_error;

QuantizeOptions sample() {
  QuantizeOptions options;
  options.model.path = "model";
  options.model.adapters = {{"lora", 0.25}};
  options.outputs = {{"a.gguf", "", {}}, {"b", "gptq", {{"gptq-format", "v2"}}}};
  options.choice.scheme = "int4-g32";
  options.choice.method = "gptq";
  options.choice.transforms = {"awq"};
  options.choice.keep = {"*.norm", "lm_head"};
  options.choice.damping = 0.1;
  options.choice.act_order = false;
  options.choice.polish = 3;
  options.calibration.text.files = {"calibration.txt"};
  options.calibration.seed = 0xffffffffffffffffULL;
  options.allow_requantize = true;
  return options;
}

TEST(Request, SurvivesItsJson) {
  const Json json = request_json(sample());
  const QuantizeOptions again = read_request(JsonCursor(Json::parse(json.dump(), "m.json"), "m.json"));
  EXPECT_EQ(request_json(again).dump(), json.dump());
  EXPECT_EQ(again.outputs[1].options.at("gptq-format"), "v2");
  EXPECT_EQ(again.model.adapters[0].weight, 0.25);
  EXPECT_EQ(again.choice.polish, 3);
  EXPECT_FALSE(again.choice.act_order);
  EXPECT_EQ(again.calibration.seed, sample().calibration.seed);
  EXPECT_TRUE(again.allow_requantize);
}

TEST(Request, SaysWhatIsAskedForAndNotWhatIsEmpty) {
  const Json json = request_json({});
  EXPECT_EQ(json.find("outputs"), nullptr);
  EXPECT_EQ(json.find("choice")->find("scheme"), nullptr);
  EXPECT_EQ(json.find("calibration")->find("samples")->as_int64(), 128);
}

TEST(Request, RefusesWhatItDoesNotKnow) {
  const auto read = [](const char* text) {
    const Json json = Json::parse(text, "m.json");
    read_request(JsonCursor(json, "m.json"));
  };
  expect_error(ErrorCode::kInput, "m.json: choice.colour", [&] { read(R"({"choice": {"colour": "red"}})"); });
  expect_error(ErrorCode::kInput, "m.json: choice.polish", [&] { read(R"({"choice": {"polish": 99999999999}})"); });
  expect_error(ErrorCode::kInput, "found a string, expected an array", [&] { read(R"({"outputs": "a.gguf"})"); });
}

}  // namespace
}  // namespace kerf::api
