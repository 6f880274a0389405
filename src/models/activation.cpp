#include "models/activation.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/strings.h"

namespace kerf::models {
namespace {

using graph::ValueId;
using Emit = ValueId (*)(Builder&, const std::string&, ValueId);

ValueId silu(Builder& b, const std::string& name, ValueId x) {
  return b.node("Mul", name + ".mul", {x, b.node("Sigmoid", name + ".sigmoid", {x})});
}

ValueId gelu(Builder& b, const std::string& name, ValueId x) {
  return b.node("Gelu", name, {x}, {{"approximate", std::string("none")}});
}

ValueId gelu_tanh(Builder& b, const std::string& name, ValueId x) {
  return b.node("Gelu", name, {x}, {{"approximate", std::string("tanh")}});
}

/// x * sigmoid(1.702 x)
ValueId quick_gelu(Builder& b, const std::string& name, ValueId x) {
  constexpr std::array kFactor{1.702F};
  const ValueId scaled = b.node("Mul", name + ".scaled", {x, b.constant(name + ".factor", std::span(kFactor))});
  return b.node("Mul", name + ".mul", {x, b.node("Sigmoid", name + ".sigmoid", {scaled})});
}

ValueId relu(Builder& b, const std::string& name, ValueId x) { return b.node("Relu", name, {x}); }

ValueId relu_squared(Builder& b, const std::string& name, ValueId x) {
  const ValueId positive = b.node("Relu", name + ".relu", {x});
  return b.node("Mul", name + ".square", {positive, positive});
}

ValueId sigmoid(Builder& b, const std::string& name, ValueId x) { return b.node("Sigmoid", name, {x}); }
ValueId hyperbolic_tangent(Builder& b, const std::string& name, ValueId x) { return b.node("Tanh", name, {x}); }

struct Entry {
  std::string_view name;
  Emit emit;
};

/// The names of transformers' ACT2FN (src/transformers/activations.py).
constexpr std::array kActivations = {
    Entry{"silu", silu},
    Entry{"swish", silu},
    Entry{"gelu", gelu},
    Entry{"gelu_python", gelu},
    Entry{"gelu_new", gelu_tanh},
    Entry{"gelu_fast", gelu_tanh},
    Entry{"gelu_pytorch_tanh", gelu_tanh},
    Entry{"gelu_python_tanh", gelu_tanh},
    Entry{"quick_gelu", quick_gelu},
    Entry{"relu", relu},
    Entry{"relu2", relu_squared},
    Entry{"sigmoid", sigmoid},
    Entry{"tanh", hyperbolic_tangent},
};

const Entry* find(std::string_view name) {
  const auto* found =
      std::find_if(kActivations.begin(), kActivations.end(), [&](const Entry& entry) { return entry.name == name; });
  return found == kActivations.end() ? nullptr : found;
}

}  // namespace

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kActivations) names.emplace_back(entry.name);
  return names;
}

std::string read_activation(const JsonCursor& value) {
  std::string name = value.as_string();
  if (find(name) == nullptr) value.fail(unknown_name("activation", name, activation_names()));
  return name;
}

ValueId emit_activation(Builder& builder, const std::string& activation, const std::string& name, ValueId x) {
  return find(activation)->emit(builder, name, x);
}

}  // namespace kerf::models
