#include "formats/onnx/export/exporter.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/export/fused_rule.h"
#include "formats/onnx/planned_tensor.h"

namespace kerf::formats::onnx {
namespace {

using description::Task;
using graph::ValueId;

constexpr std::string_view kDecoder = "decoder_";
constexpr std::int64_t kSpecBatch = 2, kSpecLength = 5, kSpecDecoderLength = 3;

/// Specs of all values for lengths that tell encoder and decoder apart.
std::vector<ops::TensorSpec> specs_of(const graph::Graph& graph) {
  std::vector<ops::TensorSpec> inputs;
  for (const ValueId id : graph.inputs()) {
    const bool decoder = starts_with(graph.value(id).name, kDecoder);
    inputs.push_back({DType::kI64, {kSpecBatch, decoder ? kSpecDecoderLength : kSpecLength}});
  }
  return ops::infer_specs(graph, inputs);
}

}  // namespace

Exporter::Exporter(const ExportModel& model, proto::ModelProto& to)
    : model_(model), writer_(to), specs_(specs_of(*model.graph)) {}

void Exporter::run() {
  add_inputs();
  for (const graph::Node& node : graph().nodes()) add_node(node);
  add_outputs();
}

void Exporter::add_input(const std::string& name) {
  std::string length = starts_with(name, kDecoder) ? "decoder_length" : "length";
  if (is_fused() && name == "attention_mask") length = "total_length";
  writer_.input(name, proto::TensorProto::INT64, {"batch", length});
}

/// Those that transformers' exporters give a model of its kind. What they leave out is made inside: positions that the
/// model counts by itself, and types of segments where there is one type only; a decoder's text has no mask.
void Exporter::add_inputs() {
  writer_.set_place("inputs");
  constexpr std::array<std::string_view, 5> kOrder = {"input_ids", "attention_mask", "token_type_ids", "position_ids",
                                                      "decoder_input_ids"};
  const description::Model& model = *model_.description;
  const bool counts = !is_fused() && (!model.causal || model.positions.by_mask || model.positions.skipped_id >= 0);
  for (const std::string_view wanted : kOrder) {
    const auto id = graph().find_input(wanted);
    if (!id || (wanted != "input_ids" && wanted != "attention_mask" && graph().consumers(*id).empty())) continue;
    std::string name(wanted);
    if (wanted == "position_ids" && counts) {
      name = positions("input_ids");
    } else if (wanted == "token_type_ids" && model.hyperparameters.type_vocab_size <= 1) {
      name = writer_.constant(Tensor::zeros(DType::kI64, {1, 1}));
    } else {
      add_input(name);
    }
    names_.emplace(*id, std::move(name));
  }
  for (const ValueId id : graph().inputs()) names_.emplace(id, "");
}

/// [1 or batch, length]: first, first + 1, ...; what is not counted stands at first - 1.
std::string Exporter::positions(const std::string& ids) {
  writer_.set_place("positions");
  const description::Positions& rule = model_.description->positions;
  const graph::Attributes to_integer{{"to", std::int64_t{proto::TensorProto::INT64}}};
  std::string counted;
  if (rule.skipped_id >= 0) {
    const std::string skipped = writer_.node("Equal", {ids, writer_.integer(rule.skipped_id)});
    counted = writer_.node("Cast", {writer_.node("Not", {skipped})}, to_integer);
  }
  if (rule.by_mask) {
    const std::string zero = writer_.node("Equal", {"attention_mask", writer_.integer(0)});
    const std::string seen = writer_.node("Cast", {writer_.node("Not", {zero})}, to_integer);
    counted = counted.empty() ? seen : writer_.node("Mul", {counted, seen});
  }
  if (counted.empty()) {
    const std::string row = writer_.node("Unsqueeze", {count_along(ids, 1), writer_.integers({0})});
    return rule.first == 0 ? row : writer_.node("Add", {row, writer_.integer(rule.first)});
  }
  const std::string places = writer_.node("CumSum", {counted, writer_.integer(1)});
  const std::string of_counted = writer_.node("Mul", {places, counted});
  return rule.first == 1 ? of_counted : writer_.node("Add", {of_counted, writer_.integer(rule.first - 1)});
}

std::string Exporter::value(ValueId id) {
  if (id == graph::kNoValue) return {};
  if (const auto known = names_.find(id); known != names_.end()) return known->second;
  const graph::Value& value = graph().value(id);
  if (value.kind == graph::Value::Kind::kConstant) return names_[id] = writer_.constant(value.constant);
  if (has_codes(id)) return names_[id] = quantized_matrix(*this, id);
  const std::string name = stored(id);
  std::string wide = widened(id, name);
  if (weight(id).transposed) wide = writer_.node("Transpose", {wide}, {{"perm", std::vector<std::int64_t>{1, 0}}});
  return names_[id] = std::move(wide);
}

std::string Exporter::stored(ValueId id) {
  const ExportedWeight& weight = model_.weights.at(id);
  return shared("initializer " + weight.name, [&] {
    Shape shape = graph().value(id).weight.source->shape();
    if (weight.transposed) std::swap(shape[0], shape[1]);
    const auto bytes = static_cast<std::uint64_t>(numel(shape)) * dtype_bytes(weight.dtype);
    writer_.streamed(weight.name, shape, float_type(weight.dtype), bytes);
    return weight.name;
  });
}

std::string Exporter::widened(ValueId id, std::string value) {
  if (weight(id).dtype == DType::kF32) return value;
  return writer_.node("Cast", {std::move(value)}, {{"to", std::int64_t{proto::TensorProto::FLOAT}}});
}

void Exporter::hold(HeldCodes codes, const std::vector<PlannedTensor>& initializers) {
  if (!held_names_.insert(initializers.front().name).second) return;
  for (const PlannedTensor& tensor : initializers) {
    writer_.streamed(tensor.name, tensor.shape, tensor.data_type, tensor.bytes());
    codes.initializers.push_back(tensor.name);
  }
  if (codes.form != nullptr && codes.form->microsoft) writer_.use_domain(kMicrosoftDomain, 1);
  held_.push_back(std::move(codes));
}

void Exporter::flush_nodes() {
  for (proto::NodeProto& node : node_list_.nodes) writer_.append(std::move(node));
  node_list_.nodes.clear();
}

std::string Exporter::shared(const std::string& key, const std::function<std::string()>& make) {
  if (const auto known = shared_.find(key); known != shared_.end()) return known->second;
  return shared_[key] = make();
}

std::string Exporter::extent(const std::string& value, std::int64_t axis) {
  return shared(fmt::format("extent {} {}", axis, value), [&] {
    return writer_.node("Shape", {value}, {{"start", axis}, {"end", axis + 1}});
  });
}

std::string Exporter::scalar_extent(const std::string& value, std::int64_t axis) {
  return shared(fmt::format("scalar extent {} {}", axis, value), [&] {
    return writer_.node("Squeeze", {extent(value, axis), writer_.integers({0})});
  });
}

std::string Exporter::count_along(const std::string& value, std::int64_t axis) {
  return shared(fmt::format("count {} {}", axis, value), [&] {
    return writer_.node("Range", {writer_.integer(0), scalar_extent(value, axis), writer_.integer(1)});
  });
}

std::string Exporter::known(ValueId id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? std::string() : found->second;
}

Exporter::Past Exporter::add_past(std::int64_t heads, std::int64_t dim) {
  const int number = pasts_++;
  const Past past{.key = fmt::format("past_key_values.{}.key", number),
                  .value = fmt::format("past_key_values.{}.value", number),
                  .present_key = fmt::format("present.{}.key", number),
                  .present_value = fmt::format("present.{}.value", number)};
  const auto axes = [&](const std::string& length) {
    return std::vector<std::string>{"batch", std::to_string(heads), length, std::to_string(dim)};
  };
  for (const std::string& name : {past.key, past.value}) {
    writer_.input(name, proto::TensorProto::FLOAT, axes("past_length"));
  }
  for (const std::string& name : {past.present_key, past.present_value}) {
    writer_.output(name, proto::TensorProto::FLOAT, axes("total_length"));
  }
  return past;
}

std::vector<std::string> Exporter::written(const graph::Node& node) {
  if (is_fused()) {
    const ExportRule* rule = find_export_rule(fused_rules(), node);
    if (rule != nullptr) {
      if (auto outputs = rule->write(*this, node); !outputs.empty()) return outputs;
    }
  }
  if (const ExportRule* rule = find_export_rule(export_rules(), node)) return rule->write(*this, node);
  if (!node.domain.empty()) {
    throw_usage(fmt::format("node {}: {} has no counterpart in ONNX", quoted(node.name), quoted(node.op)));
  }
  std::vector<std::string> inputs;
  for (const ValueId input : node.inputs) inputs.push_back(value(input));
  return writer_.nodes(node.op, std::move(inputs), node.outputs.size(), node.attributes);
}

void Exporter::add_node(const graph::Node& node) {
  writer_.set_place(node.name);
  const std::vector<std::string> outputs = written(node);
  for (std::size_t i = 0; i < outputs.size(); ++i) names_[node.outputs[i]] = outputs[i];
}

void Exporter::add_outputs() {
  for (const auto& [given, id] : graph().outputs()) {
    const Task task = model_.description->task;
    const std::string name = task == Task::kFeatures && given == "logits" ? "last_hidden_state" : given;
    std::vector<std::string> axes = {"batch"};
    if (spec(id).shape.size() == 3) axes.emplace_back(task == Task::kSequenceToSequence ? "decoder_length" : "length");
    axes.push_back(std::to_string(spec(id).shape.back()));
    writer_.rename(names_.at(id), name);
    writer_.output(name, proto::TensorProto::FLOAT, axes);
  }
}

}  // namespace kerf::formats::onnx
