#include "formats/onnx/export/held_codes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/export/exporter.h"

namespace kerf::formats::onnx {
namespace {

QuantizedWeight quantized(const Exporter& exporter, graph::ValueId id, bool turned) {
  const ExportedWeight& weight = exporter.weight(id);
  const Shape& shape = exporter.graph().value(id).weight.source->shape();
  return {.name = weight.name, .scheme = *weight.scheme, .rows = shape[0], .cols = shape[1], .turned = turned};
}

bool is_multiplied(const Exporter& exporter, graph::ValueId weight) {
  const auto consumers = exporter.graph().consumers(weight);
  return std::any_of(consumers.begin(), consumers.end(), [&](graph::NodeId id) {
    const graph::Node& node = exporter.graph().node(id);
    return node.op == "Linear" && node.domain == graph::kKerfDomain;
  });
}

/// Its initializers, once for all uses. Error(kUsage) naming the weight if the form cannot hold it exactly.
void hold(Exporter& exporter, graph::ValueId id, const WeightForm& form, const QuantizedWeight& weight) {
  if (const auto why = form.refusal(weight)) {
    throw_usage(
        fmt::format("onnx cannot hold {} as {}: {}", quoted(exporter.weight(id).name), weight.scheme.name, *why));
  }
  exporter.hold({.weight = id, .initializers = {}, .form = &form, .quantized = weight}, form.plan(weight));
}

/// The nodes of one use of a weight that is held.
std::string use_held(Exporter& exporter, const WeightForm& form, const QuantizedWeight& weight,
                     const std::string& input, const std::string& bias = {}) {
  const std::string node = exporter.writer().next_name(form.name);
  const WeightUse use{.input = input, .output = node + "_output_0", .node = node, .bias = bias};
  form.add_nodes(weight, use, exporter.form_options(), exporter.node_list());
  exporter.flush_nodes();
  return use.output;
}

std::string use(Exporter& exporter, graph::ValueId id, const WeightForm& form, const QuantizedWeight& weight,
                const std::string& input, const std::string& bias = {}) {
  hold(exporter, id, form, weight);
  return use_held(exporter, form, weight, input, bias);
}

/// Makes the codes of a lookup from those of the product, where one weight is both. False if they have another order.
bool share_codes(Exporter& exporter, graph::ValueId id, const QuantizedWeight& weight) {
  const WeightForm &lookup = exporter.kind().lookup, &product = exporter.kind().product;
  if (lookup.codes_from_product == nullptr || lookup.refusal(weight)) return false;
  std::vector<proto::NodeProto> nodes = lookup.codes_from_product(weight);
  if (nodes.empty()) return false;
  hold(exporter, id, product, weight);
  exporter.shared(fmt::format("codes of rows {}", id), [&] {
    for (proto::NodeProto& node : nodes) exporter.writer().append(std::move(node));
    return weight.name;
  });
  return true;
}

/// What multiplies the weight, rounded by its range if the model asks for that.
std::string rounded(Exporter& exporter, graph::ValueId id, const std::string& x) {
  const ExportedWeight& weight = exporter.weight(id);
  if (!weight.activations) return x;
  const auto refuse = [&](const std::string& why) {
    throw_usage(fmt::format("onnx cannot say that activations are rounded as {} before {}: {}",
                            weight.activations->name, quoted(weight.name), why));
  };
  if (const auto why = rounding_refusal(*weight.activations)) refuse(*why);
  if (!exporter.kind().rounds_inputs) refuse("--onnx-kind static is the kind that does");
  const RoundedInput input{.name = weight.name, .scheme = *weight.activations};
  exporter.hold({.weight = id, .initializers = {}, .form = nullptr, .quantized = {}, .rounding = input},
                plan_rounding(input));
  const std::string result = add_rounding(input, x, exporter.node_list());
  exporter.flush_nodes();
  return result;
}

}  // namespace

std::string quantized_product(Exporter& exporter, graph::ValueId id, const std::string& x, const std::string& bias) {
  const WeightForm& form = exporter.kind().product;
  const std::string input = rounded(exporter, id, x);
  if (form.makes == WeightForm::Makes::kProduct) {
    return use(exporter, id, form, quantized(exporter, id, false), input, bias);
  }
  const std::string matrix = exporter.shared(
      fmt::format("turned {}", id), [&] { return use(exporter, id, form, quantized(exporter, id, true), {}); });
  const std::string product = exporter.writer().node("MatMul", {input, matrix});
  return bias.empty() ? product : exporter.writer().node("Add", {product, bias});
}

std::string quantized_rows(Exporter& exporter, graph::ValueId id, const std::string& ids) {
  const WeightForm& form = exporter.kind().lookup;
  QuantizedWeight weight = quantized(exporter, id, false);
  if (is_multiplied(exporter, id)) {
    if (share_codes(exporter, id, weight)) return use_held(exporter, form, weight, ids);
    weight.name += "_rows";
  }
  if (form.makes == WeightForm::Makes::kRows) return use(exporter, id, form, weight, ids);
  const std::string table =
      exporter.shared(fmt::format("table {}", id), [&] { return use(exporter, id, form, weight, {}); });
  return exporter.writer().node("Gather", {table, ids}, {{"axis", std::int64_t{0}}});
}

std::string quantized_matrix(Exporter& exporter, graph::ValueId id) {
  return exporter.shared(fmt::format("table {}", id), [&] {
    QuantizedWeight weight = quantized(exporter, id, false);
    if (is_multiplied(exporter, id)) weight.name += "_rows";
    return use(exporter, id, dequantize_linear_form(), weight, {});
  });
}

}  // namespace kerf::formats::onnx
