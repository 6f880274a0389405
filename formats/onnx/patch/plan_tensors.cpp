#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/node_builder.h"
#include "formats/onnx/patch/patch_planner.h"

namespace kerf::formats::onnx {

void PatchPlanner::plan_tensor(std::size_t t) {
  const PatchTensor& tensor = tensors_[t];
  edits_.held[t] = tensor.source_dtype;
  if (!is_touched(tensor)) {
    if (tensor.activations && !tensor.scheme.quantized()) refuse_activations(t);
    return;
  }
  if (tensor.scheme.quantized()) {
    plan_codes(t);
  } else if (is_cast(tensor)) {
    plan_cast(t);
  } else {
    plan_floats(t);
  }
}

void PatchPlanner::refuse_activations(std::size_t t) const {
  throw_usage(fmt::format("onnx cannot round what {} multiplies: only products of quantized weights say so",
                          quoted(tensors_[t].name)));
}

void PatchPlanner::plan_codes(std::size_t t) {
  const PatchTensor& tensor = tensors_[t];
  if (uses_[t].empty()) refuse(t, "no product or lookup of the file reads it");
  if (tensor.shape.size() != 2) refuse(t, "it is no matrix");
  choose_prefix(t);
  if (tensor.activations) {
    if (auto why = rounding_refusal(*tensor.activations)) refuse(t, *why);
    if (multiplies_learned(t)) {
      refuse(t,
             "it multiplies a table that the model has learned too, whose rounding is lost when read back; let it "
             "stay (--keep), or leave --activations out");
    }
    if (!options_.kind->rounds_inputs) {
      refuse(t, fmt::format("--onnx-kind {} does not round activations ({}); --onnx-kind static does",
                            options_.kind->name, tensor.activations->name));
    }
  }
}

bool PatchPlanner::multiplies_learned(std::size_t t) const {
  const auto consumers = model_.graph.consumers(tensors_[t].value);
  return std::any_of(consumers.begin(), consumers.end(), [&](graph::NodeId id) {
    const graph::Node& node = model_.graph.node(id);
    return node.op == "Linear" && model_.graph.value(node.inputs[0]).kind != graph::Value::Kind::kComputed;
  });
}

void PatchPlanner::plan_cast(std::size_t t) {
  const PatchTensor& tensor = tensors_[t];
  if (uses_[t].empty()) return;
  choose_prefix(t);
  const std::string root = roots_of(t).front();
  const Matrix& matrix = matrices_.at(root);
  if (!holds(matrix.float_type, tensor.scheme.float_dtype)) {
    refuse(t, fmt::format("the model computes with it in {}, which has other values; leave its dtype",
                          data_type_name(matrix.float_type)));
  }
  if (float_type(tensor.scheme.float_dtype) == proto::TensorProto::FLOAT) return;  // nothing narrower
  edits_.held[t] = tensor.scheme.float_dtype;
  TensorJob job{.makes = TensorJob::Makes::kFloats, .tensor = t, .turned = matrix.turned};
  const Shape shape = matrix.turned ? Shape{tensor.shape[1], tensor.shape[0]} : tensor.shape;
  const std::string name = fmt::format("{}_{}", prefixes_.at(t), dtype_name(tensor.scheme.float_dtype));
  job.planned = {{name, float_type(tensor.scheme.float_dtype), shape}};
  edits_.jobs.push_back(std::move(job));
  make_matrices(t, {NodeBuilder("Cast")
                        .named(name + "_cast")
                        .reads({name})
                        .makes({root})
                        .with("to", std::int64_t{matrix.float_type})
                        .build()});
}

void PatchPlanner::plan_floats(std::size_t t) {
  const PatchTensor& tensor = tensors_[t];
  std::vector<std::string> names = uses_[t];
  if (names.empty()) {
    const auto found = model_.origins.values.find(tensor.value);
    if (found != model_.origins.values.end()) names.push_back(found->second);
  }
  for (const std::string& name : names) {
    const auto matrix = matrices_.find(name);
    TensorJob job{.makes = TensorJob::Makes::kFloats, .tensor = t};
    job.turned = matrix != matrices_.end() && matrix->second.turned;
    Shape shape = job.turned ? Shape{tensor.shape[1], tensor.shape[0]} : tensor.shape;
    if (const auto* initializer = origin_->initializer(name)) {
      shape.assign(initializer->dims().begin(), initializer->dims().end());
      if (numel(shape) != numel(tensor.shape)) continue;
      job.planned = {{name, initializer->data_type(), shape}};
      if (is_encoded(initializer->data_type())) edits_.rewritten.emplace(name, std::move(job));
      continue;
    }
    Slot* slot = origin_->producer(name);
    if (slot == nullptr || slot->replaced || slot->node.output_size() != 1) continue;
    job.planned = {{name, origin_->float_type(name), shape}};
    forget(*slot);
    tree_.replace(*slot, {});
    edits_.jobs.push_back(std::move(job));
  }
}

bool PatchPlanner::is_encoded(std::int32_t type) {
  return type == proto::TensorProto::FLOAT || type == proto::TensorProto::FLOAT16 ||
         type == proto::TensorProto::BFLOAT16;
}

}  // namespace kerf::formats::onnx
