#include "models/activation.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/reference_executor.h"

namespace kerf::models {
namespace {

double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double gelu_tanh(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x)));
}
double silu(double x) { return x / (1 + std::exp(-x)); }
double relu(double x) { return x > 0 ? x : 0; }

/// The definitions of transformers' ACT2FN.
const std::map<std::string, double (*)(double)> kDefinitions = {
    {"silu", silu},
    {"swish", silu},
    {"gelu", gelu},
    {"gelu_python", gelu},
    {"gelu_new", gelu_tanh},
    {"gelu_fast", gelu_tanh},
    {"gelu_pytorch_tanh", gelu_tanh},
    {"gelu_python_tanh", gelu_tanh},
    {"quick_gelu", [](double x) { return x / (1 + std::exp(-1.702 * x)); }},
    {"relu", relu},
    {"relu2", [](double x) { return relu(x) * relu(x); }},
    {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }},
    {"tanh", [](double x) { return std::tanh(x); }},
};

TEST(Activation, EveryNameIsItsFunction) {
  const graph::SourceMap none;
  for (const std::string& name : activation_names()) {
    ASSERT_TRUE(kDefinitions.contains(name)) << name;
    Builder builder(none, "config.json", {});
    const graph::ValueId x = builder.graph().add_input("x", DType::kF32);
    builder.graph().add_output("y", emit_activation(builder, name, "activation", x));
    Tensor values(DType::kF32, {41});
    for (std::int64_t i = 0; i < 41; ++i) values.data<float>()[i] = static_cast<float>(i - 20) / 4;
    const Tensor y = test::run_graph(builder.graph(), {{"x", values}})[0];
    for (std::int64_t i = 0; i < 41; ++i) {
      const double exact = kDefinitions.at(name)(static_cast<double>(values.data<float>()[i]));
      // Where 1 + tanh or 1 + erf cancels, an error of one rounding is left: 6e-8 times |x|.
      EXPECT_NEAR(y.data<float>()[i], exact, 4e-7 + 4e-7 * std::abs(exact))
          << name << " at " << values.data<float>()[i];
    }
  }
  EXPECT_EQ(activation_names().size(), kDefinitions.size());
}

TEST(Activation, UnknownNamesAreRefused) {
  const Json config = Json::parse(R"({"hidden_act": "selu", "other": 3})", "config.json");
  const JsonCursor cursor(config, "config.json");
  test::expect_error(ErrorCode::kInput, "config.json: hidden_act: no activation 'selu'",
                     [&] { read_activation(cursor.at("hidden_act")); });
  test::expect_error(ErrorCode::kInput, "other: found an integer, expected a string",
                     [&] { read_activation(cursor.at("other")); });
}

}  // namespace
}  // namespace kerf::models
