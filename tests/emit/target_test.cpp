#include "emit/target.h"

#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "core/error.h"
#include "emit/foreign_formats.h"
#include "quant/presets.h"
#include "tests/support/expect_error.h"

namespace kerf::emit {
namespace {

using test::expect_error;

std::string_view chosen(const std::string& path, const std::string& format = "") {
  return target_for(path, format).name;
}

TEST(Target, EveryOneSaysWhatItIs) {
  std::set<std::string_view> names, endings;
  for (const TargetInfo* info : targets()) {
    EXPECT_TRUE(names.insert(info->name).second) << info->name;
    EXPECT_TRUE(info->ending.empty() || endings.insert(info->ending).second) << info->ending;
    EXPECT_FALSE(info->summary.empty());
    EXPECT_FALSE(info->source.empty());
    EXPECT_TRUE(quant::find_preset(info->default_scheme) != nullptr ||
                codec::parse_scheme(info->default_scheme).quantized());
    EXPECT_EQ(&find_target(info->name), info);
    EXPECT_TRUE(info->folder || !info->ending.empty()) << "nothing selects it but --format";
  }
}

TEST(Target, AnOptionIsDeclaredOnceAndSaysWhatItDoes) {
  std::map<std::string_view, std::string_view> values;
  for (const TargetInfo* info : targets()) {
    for (const TargetOption& option : info->options) {
      EXPECT_FALSE(option.name.empty() || option.value.empty() || option.summary.empty()) << info->name;
      const auto [known, first] = values.emplace(option.name, option.value);
      EXPECT_TRUE(first || known->second == option.value) << option.name << " means two things";
    }
  }
}

TEST(Target, AnOptionOfAnotherFormatIsRefused) {
  for (const TargetInfo* info : targets()) {
    expect_error(ErrorCode::kUsage, "--no-such-choice says nothing about " + std::string(info->name), [&] {
      check_options(*info, {{"no-such-choice", "x"}});
    });
  }
}

TEST(Target, IsFoundInAnyCaseOrTheNearestNamed) {
  EXPECT_EQ(find_target("GGUF").name, "gguf");
  EXPECT_EQ(find_target("Compressed-Tensors").name, "compressed-tensors");
  expect_error(ErrorCode::kUsage, "no format 'gguff'; did you mean gguf?", [] { find_target("gguff"); });
  expect_error(ErrorCode::kUsage, "known: ", [] { find_target(""); });
}

TEST(Target, TheEndingOfThePathSelects) {
  EXPECT_EQ(chosen("model.gguf"), "gguf");
  EXPECT_EQ(chosen("out/MODEL.GGUF"), "gguf");
  EXPECT_EQ(chosen("model.gguf.d/model"), "compressed-tensors");
}

TEST(Target, OtherPathsAreFolders) {
  for (const char* path : {"model", "out/model", "out/model/", "model-v0.5", "../model", ".hidden", "model."}) {
    EXPECT_EQ(chosen(path), "compressed-tensors") << path;
  }
}

TEST(Target, AnEndingThatIsNearlyKnownIsNoFolders) {
  expect_error(ErrorCode::kUsage, "out/m.gguff: no format has the ending '.gguff'; did you mean .gguf?",
               [] { target_for("out/m.gguff", ""); });
  expect_error(ErrorCode::kUsage, "did you mean .onnx?", [] { target_for("m.ONX", ""); });
  EXPECT_EQ(chosen("m.gguff", "compressed-tensors"), "compressed-tensors");
  for (const char* path : {"m.int4", "m.awq", "m.gptq", "m.nf4", "m.mlx"}) {
    EXPECT_EQ(chosen(path), "compressed-tensors") << path;
  }
}

TEST(Target, TheFormatOverridesTheEnding) {
  EXPECT_EQ(chosen("model.bin", "gguf"), "gguf");
  EXPECT_EQ(chosen("model.gguf", "compressed-tensors"), "compressed-tensors");
}

TEST(ForeignFormat, ByNameOrEndingSaysTheWayThere) {
  for (const auto& [format, title] : {std::pair("tflite", "TensorFlow Lite"), std::pair("EXL2", "EXL2"),
                                      std::pair("exl3", "EXL3"), std::pair("OpenVINO", "OpenVINO's IR")}) {
    expect_error(ErrorCode::kUsage, "cannot write " + std::string(title), [&] { find_target(format); });
  }
  expect_error(ErrorCode::kUsage, "out/m.XML: cannot write OpenVINO's IR: OpenVINO reads the .onnx file",
               [] { target_for("out/m.XML", ""); });
  EXPECT_EQ(chosen("m.tflite", "gguf"), "gguf") << "what --format says goes";
}

TEST(ForeignFormat, WordsAreOfOneFormatAndOfNoTarget) {
  std::set<std::string> words;
  for (const ForeignFormat& format : foreign_formats()) {
    EXPECT_FALSE(format.title.empty() || format.way.empty());
    for (const std::string_view list : {format.names, format.endings}) {
      for (std::istringstream stream{std::string(list)}; !stream.eof();) {
        std::string word;
        if (!(stream >> word)) break;
        EXPECT_TRUE(words.insert(word).second) << word;
        EXPECT_EQ(foreign_format_named(word) != nullptr || foreign_format_of("m" + word) != nullptr, true) << word;
      }
    }
  }
  for (const TargetInfo* info : targets()) {
    EXPECT_FALSE(words.contains(std::string(info->name)) || words.contains(std::string(info->ending))) << info->name;
  }
}

TEST(PlainConfig, HasNothingOfAnEarlierQuantization) {
  description::Model model;
  model.config = Json::parse(R"({"model_type": "llama", "quantization_config": {"bits": 4}, "dtype": "bfloat16"})", "");
  EXPECT_EQ(plain_config(model).dump(), R"({"model_type": "llama", "dtype": "bfloat16"})");
  EXPECT_NE(model.config.find("quantization_config"), nullptr) << "the model's own stays";
  model.config = Json::parse("{}", "");
  EXPECT_EQ(plain_config(model).dump(), "{}");
}

}  // namespace
}  // namespace kerf::emit
