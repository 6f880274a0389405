#include "models/builder.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace kerf::models {

using graph::Attributes;
using graph::Role;
using graph::ValueId;

std::string Builder::label(std::string_view what) const {
  return layer_ < 0 ? std::string(what) : fmt::format("layers.{}.{}", layer_, what);
}

ValueId Builder::weight(const std::string& name, const Shape& shape, Role role, bool transposed) {
  const std::string full = weights_.full_name(name);
  if (const auto known = values_.find(full); known != values_.end()) return known->second;
  graph::SourcePtr source = weights_.take(name, transposed ? Shape(shape.rbegin(), shape.rend()) : shape);
  if (transposed) source = graph::make_transposed_source(std::move(source));
  const ValueId value =
      graph_.add_weight({.name = full, .role = role, .layer = layer_, .expert = expert_, .source = std::move(source)});
  values_.emplace(full, value);
  return value;
}

ValueId Builder::constant(std::string name, std::span<const std::int64_t> values) {
  return graph_.add_constant(std::move(name), Tensor::from({static_cast<std::int64_t>(values.size())}, values));
}

ValueId Builder::constant(std::string name, std::span<const float> values) {
  return graph_.add_constant(std::move(name), Tensor::from({static_cast<std::int64_t>(values.size())}, values));
}

ValueId Builder::emit(std::string_view domain, std::string op, std::string name, std::vector<ValueId> inputs,
                      Attributes attributes) {
  if (const int uses = ++node_names_[name]; uses > 1) name += fmt::format("#{}", uses);
  return graph_
      .add_node({.op = std::move(op),
                 .domain = std::string(domain),
                 .name = std::move(name),
                 .inputs = std::move(inputs),
                 .outputs = {},
                 .attributes = std::move(attributes),
                 .layer = layer_})
      .front();
}

ValueId Builder::node(std::string op, std::string name, std::vector<ValueId> inputs, Attributes attributes) {
  return emit(graph::kOnnxDomain, std::move(op), std::move(name), std::move(inputs), std::move(attributes));
}

ValueId Builder::kerf_node(std::string op, std::string name, std::vector<ValueId> inputs, Attributes attributes) {
  return emit(graph::kKerfDomain, std::move(op), std::move(name), std::move(inputs), std::move(attributes));
}

ValueId Builder::linear(const Linear& linear, ValueId x, std::int64_t out, std::int64_t in, Role role) {
  std::vector<ValueId> inputs{x, weight(linear.name + ".weight", {out, in}, role, linear.transposed)};
  if (linear.bias) inputs.push_back(weight(linear.name + ".bias", {out}, Role::kBias));
  return kerf_node("Linear", linear.name, std::move(inputs));
}

ValueId Builder::norm(const Norm& norm, ValueId x, std::int64_t width) {
  if (norm.kind == NormKind::kAffine) {
    const ValueId scaled = node("Mul", norm.name + ".scaled", {x, weight(norm.name + ".weight", {width}, Role::kNorm)});
    return node("Add", norm.name, {scaled, weight(norm.name + ".bias", {width}, Role::kBias)});
  }
  ValueId scale = graph::kNoValue;
  if (norm.scale) {
    scale = weight(norm.name + ".weight", {width}, Role::kNorm);
    if (norm.kind == NormKind::kRmsPlusOne) {
      scale = node("Add", norm.name + ".scale", {scale, constant(norm.name + ".one", 1.0F)});
    }
  } else {
    const std::vector<float> ones(static_cast<std::size_t>(width), 1.0F);
    scale = constant(norm.name + ".ones", std::span(ones));
  }
  std::vector<ValueId> inputs{x, scale};
  if (norm.bias) inputs.push_back(weight(norm.name + ".bias", {width}, Role::kBias));
  const char* op = norm.kind == NormKind::kLayer ? "LayerNormalization" : "RMSNormalization";
  return node(op, norm.name, std::move(inputs), {{"axis", std::int64_t{-1}}, {"epsilon", norm.epsilon}});
}

ValueId Builder::reshape(std::string name, ValueId x, std::span<const std::int64_t> shape) {
  const ValueId wanted = constant(name + ".shape", shape);
  return node("Reshape", std::move(name), {x, wanted});
}

ValueId Builder::scaled(std::string_view what, ValueId x, double factor) {
  if (factor == 1.0) return x;
  const std::string name = label(what);
  return node("Mul", name, {x, constant(name + ".factor", static_cast<float>(factor))});
}

std::vector<ValueId> Builder::split(std::string name, ValueId x, std::span<const std::int64_t> sizes,
                                    std::int64_t axis) {
  const ValueId lengths = constant(name + ".sizes", sizes);
  return graph_.add_node({.op = "Split",
                          .domain = std::string(graph::kOnnxDomain),
                          .name = std::move(name),
                          .inputs = {x, lengths},
                          .outputs = {},
                          .attributes = {{"axis", axis}},
                          .layer = layer_},
                         sizes.size());
}

}  // namespace kerf::models
