#include <cmath>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/dtype.h"
#include "core/file.h"
#include "core/json.h"
#include "tests/support/op_runner.h"
#include "tests/support/source_dir.h"

namespace kerf::ops {
namespace {

/// One case of tests/golden/ops/*.json, which tests/golden/make_ops.py wrote.
struct GoldenCase {
  std::string note;
  test::OpCall call;
  Tensor expected;
};
void PrintTo(const GoldenCase& golden, std::ostream* out) { *out << golden.call.op << ": " << golden.note; }

Shape shape_of(const Json& tensor) {
  Shape shape;
  for (const Json& dim : tensor.find("shape")->as_array()) shape.push_back(dim.as_int64());
  return shape;
}

Tensor tensor_of(const Json& json) {
  if (json.is_null()) return {};
  const auto& values = json.find("values")->as_array();
  Tensor tensor(parse_dtype(json.find("dtype")->as_string()).value(), shape_of(json));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (tensor.dtype() == DType::kF32) {
      tensor.values<float>()[i] = static_cast<float>(values[i].as_double());
    } else {
      tensor.values<std::int64_t>()[i] = values[i].as_int64();
    }
  }
  return tensor;
}

GoldenCase case_of(const Json& json) {
  GoldenCase result{json.find("note")->as_string(), {}, tensor_of(*json.find("output"))};
  result.call.op = json.find("op")->as_string();
  result.call.domain = json.find("domain")->as_string();
  for (const Json& input : json.find("inputs")->as_array()) result.call.inputs.push_back(tensor_of(input));
  for (const auto& [name, value] : json.find("attributes")->as_object()) {
    if (value.is_integer()) {
      result.call.attributes.set(name, value.as_int64());
    } else if (value.is_string()) {
      result.call.attributes.set(name, value.as_string());
    } else {
      result.call.attributes.set(name, value.as_double());
    }
  }
  return result;
}

std::vector<GoldenCase> golden_cases() {
  const std::string folder = test::source_dir() + "/tests/golden/ops";
  std::vector<GoldenCase> cases;
  for (const std::string& name : list_directory(folder)) {
    const Json content = Json::parse(read_file(join_path(folder, name), 1 << 24), name);
    for (const Json& json : content.find("cases")->as_array()) cases.push_back(case_of(json));
  }
  return cases;
}

/// Sums of up to 100 products in f32 against doubles: some 1e-7 of the largest term each.
constexpr double kAbsolute = 2e-6, kRelative = 2e-6;

bool is_near(float found, float expected) {
  return std::abs(static_cast<double>(found) - expected) <= kAbsolute + kRelative * std::abs(expected);
}

class OpsGolden : public testing::TestWithParam<GoldenCase> {};

TEST_P(OpsGolden, OutputIsThatOfTheDefinition) {
  const Tensor found = test::run_op(GetParam().call)[0];
  const Tensor& expected = GetParam().expected;
  ASSERT_EQ(found.shape(), expected.shape());
  for (std::int64_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(is_near(found.data<float>()[i], expected.data<float>()[i]))
        << "element " << i << ": " << found.data<float>()[i] << " instead of " << expected.data<float>()[i];
  }
}

/// What the tolerance must catch: a first input whose elements are off by 1 in 10,000, up and down in turn.
TEST_P(OpsGolden, AnotherInputGivesAnotherOutput) {
  test::OpCall call = GetParam().call;
  call.inputs[0] = call.inputs[0].clone();
  float factor = 1.0001F;
  for (float& value : call.inputs[0].values<float>()) {
    value = value * factor + 1e-4F;
    factor = 2.0F - factor;
  }
  const Tensor found = test::run_op(call)[0];
  int far = 0;
  for (std::int64_t i = 0; i < found.size(); ++i) {
    far += is_near(found.data<float>()[i], GetParam().expected.data<float>()[i]) ? 0 : 1;
  }
  // Where all keys are masked the queries do not matter.
  if (GetParam().note == "all masked, not causal") {
    EXPECT_EQ(far, 0);
  } else {
    EXPECT_GT(far, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, OpsGolden, testing::ValuesIn(golden_cases()));

TEST(OpsGoldenFiles, CoverWhatOnnxsOwnTestsDoNot) {
  std::set<std::string> ops;
  for (const GoldenCase& golden : golden_cases()) ops.insert(golden.call.op);
  EXPECT_EQ(ops, (std::set<std::string>{"Attention", "Gelu", "Linear", "RMSNormalization", "RelativePositionBias",
                                        "RotaryEmbedding"}));
}

}  // namespace
}  // namespace kerf::ops
