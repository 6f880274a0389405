#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/strings.h"
#include "formats/onnx/patch/patch_planner.h"

namespace kerf::formats::onnx {

std::vector<PatchPlanner::Use> PatchPlanner::all_uses() {
  std::vector<Use> uses;
  tree_.for_each([&](Slot& slot) {
    const auto operand = operand_of(slot.node);
    if (!operand) return;
    const auto matrix = matrices_.find(operand->name);
    if (matrix == matrices_.end() || !prefixes_.contains(matrix->second.tensor)) return;
    if (!tensors_[matrix->second.tensor].scheme.quantized()) return;
    uses.push_back({&slot, matrix->second.tensor, *operand});
  });
  return uses;
}

void PatchPlanner::replace_uses() {
  const auto uses = all_uses();
  std::vector<bool> product_made(tensors_.size(), false), rows_made(tensors_.size(), false),
      matrix_made(tensors_.size(), false);
  for (const Use& use : uses) {
    const WeightForm& form = use.operand.is_table ? options_.kind->lookup : options_.kind->product;
    (form.makes == WeightForm::Makes::kMatrix    ? matrix_made
     : form.makes == WeightForm::Makes::kProduct ? product_made
                                                 : rows_made)[use.tensor] = true;
  }
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    if (product_made[t]) add_codes(t, options_.kind->product, uses_[t].front(), "");
    if (rows_made[t]) add_rows(t, product_made[t]);
    if (matrix_made[t]) add_matrix(t, product_made[t]);
  }
  redirect_uses();
  for (const Use& use : uses) replace_use(use);
}

void PatchPlanner::add_codes(std::size_t t, const WeightForm& form, const std::string& matrix,
                             const std::string& suffix, bool without_codes) {
  QuantizedWeight weight = weight_of(t, matrix);
  weight.name += suffix;
  if (auto why = form.refusal(weight)) refuse(t, *why);
  edits_.opset = std::max(edits_.opset, form.microsoft ? 0 : form.opset(weight));
  edits_.microsoft = edits_.microsoft || form.microsoft;
  if (std::string note = form.note(weight); !note.empty()) add_note(std::move(note));
  TensorJob job{.makes = TensorJob::Makes::kCodes, .tensor = t, .form = &form, .weight = weight};
  const auto planned = form.plan(weight);
  for (std::size_t p = without_codes ? 1 : 0; p < planned.size(); ++p) {
    if (!made_.insert(planned[p].name).second) continue;
    job.planned.push_back(planned[p]);
    job.parts.push_back(p);
  }
  if (!job.planned.empty()) edits_.jobs.push_back(std::move(job));
}

void PatchPlanner::add_rows(std::size_t t, bool has_product) {
  const WeightForm& form = options_.kind->lookup;
  const QuantizedWeight weight = weight_of(t, uses_[t].front());
  if (auto why = form.refusal(weight)) refuse(t, *why);
  std::vector<proto::NodeProto> nodes;
  if (has_product && form.codes_from_product != nullptr) nodes = form.codes_from_product(weight);
  const bool shares = !nodes.empty();
  tree_.add_front(std::move(nodes));
  add_codes(t, form, uses_[t].front(), "", shares);
}

void PatchPlanner::add_matrix(std::size_t t, bool has_product) {
  const WeightForm& form =
      options_.kind->lookup.makes == WeightForm::Makes::kMatrix ? options_.kind->lookup : options_.kind->product;
  std::string root;
  for (const std::string& name : roots_of(t)) {
    // Beside a product of its own only the table is made.
    if (root.empty() && (!has_product || !matrices_.at(name).turned)) root = name;
  }
  if (root.empty()) root = roots_of(t).front();
  const std::string suffix = has_product ? "_rows" : "";
  add_codes(t, form, root, suffix);
  QuantizedWeight weight = weight_of(t, root);
  weight.name += suffix;
  NodeList list;
  form.add_nodes(weight, {.input = "", .output = root, .node = weight.name + "_dequantize"}, options_.form, list);
  if (has_product) {
    make_value(t, root, std::move(list.nodes));
  } else {
    make_matrices(t, std::move(list.nodes));
  }
}

void PatchPlanner::replace_use(const Use& use) {
  const WeightForm& form = use.operand.is_table ? options_.kind->lookup : options_.kind->product;
  const PatchTensor& tensor = tensors_[use.tensor];
  const bool rounds = tensor.activations && !use.operand.is_table;
  if (form.makes == WeightForm::Makes::kMatrix && !rounds) return;  // the node stays, and reads the new matrix
  const QuantizedWeight weight = weight_of(use.tensor, use.operand.name);
  const proto::NodeProto node = tree_.touch(*use.slot);
  NodeList list;
  list.shared = std::move(shared_[use.slot->scope]);
  if (form.makes == WeightForm::Makes::kMatrix) {
    round_input(use, weight, node, list);
  } else if (use.operand.is_table) {
    form.add_nodes(weight, {.input = node.input(1), .output = node.output(0), .node = name_of(node)}, options_.form,
                   list);
    keep_metadata(node, list);
  } else if (use.operand.is_product) {
    add_product(node, weight, form, options_.form, *origin_, list);
    keep_metadata(node, list);
  } else {
    refuse(use.tensor, fmt::format("{} takes a matrix and cannot be replaced by {}; --onnx-kind qdq is near",
                                   op_name(node), form.name));
  }
  shared_[use.slot->scope] = std::move(list.shared);
  if (form.makes != WeightForm::Makes::kMatrix) seeds_.push_back(use.operand.name);
  tree_.replace(*use.slot, std::move(list.nodes));
}

std::string PatchPlanner::name_of(const proto::NodeProto& node) {
  return node.name().empty() ? node.output(0) : node.name();
}

void PatchPlanner::keep_metadata(const proto::NodeProto& node, NodeList& list) {
  for (proto::NodeProto& made : list.nodes) {
    if (made.name() != name_of(node)) continue;
    *made.mutable_metadata_props() = node.metadata_props();
    if (node.has_doc_string()) made.set_doc_string(node.doc_string());
  }
}

void PatchPlanner::round_input(const Use& use, const QuantizedWeight& weight, const proto::NodeProto& node,
                               NodeList& list) {
  const PatchTensor& tensor = tensors_[use.tensor];
  RoundedInput input{weight.name, *tensor.activations, weight.float_type};
  // Products of one value have one range, as the nodes of a group do; a weight of several places has its own.
  const bool alone = uses_of_product(use.tensor) > 1;
  const std::string key = fmt::format("{} {} {}", use.slot->scope, node.input(0), tensor.activations->name);
  TensorJob* job = nullptr;
  if (const auto known = roundings_.find(key); known != roundings_.end() && !alone) {
    job = &edits_.jobs[known->second];
  } else if (const auto own = own_roundings_.find(use.tensor); own != own_roundings_.end()) {
    job = &edits_.jobs[own->second];
  }
  if (job == nullptr) {
    TensorJob made{.makes = TensorJob::Makes::kRounding, .tensor = use.tensor, .rounding = input};
    made.planned = plan_rounding(input);
    if (!alone) roundings_[key] = edits_.jobs.size();
    own_roundings_[use.tensor] = edits_.jobs.size();
    edits_.jobs.push_back(std::move(made));
    job = &edits_.jobs.back();
  }
  job->sharing.push_back(use.tensor);
  proto::NodeProto rounded = node;
  rounded.set_input(0, add_rounding(job->rounding, node.input(0), list));
  if (input.float_type != proto::TensorProto::FLOAT) edits_.opset = std::max<std::int64_t>(edits_.opset, 13);
  list.nodes.push_back(std::move(rounded));
}

std::size_t PatchPlanner::uses_of_product(std::size_t t) const {
  std::size_t count = 0;
  for (const graph::NodeId id : model_.graph.consumers(tensors_[t].value)) {
    count += model_.graph.node(id).op == "Linear" ? 1 : 0;
  }
  return count;
}

}  // namespace kerf::formats::onnx
