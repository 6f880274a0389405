#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/patch/patch_planner.h"

namespace kerf::formats::onnx {

std::string op_name(const proto::NodeProto& node) {
  return fmt::format("node {} ({})",
                     quoted(node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name()),
                     node.op_type());
}

PatchEdits PatchPlanner::plan() {
  // Opening calls and branches changes which nodes there are: first of all.
  for (std::size_t t = 0; t < tensors_.size(); ++t) find_uses(t);
  tree_.open_readers([&](const std::string& name) { return matrices_.contains(name); });
  origin_.emplace(file_.model.graph(), tree_.producers());
  for (auto& [name, matrix] : matrices_) matrix.float_type = origin_->float_type(name);
  for (std::size_t t = 0; t < tensors_.size(); ++t) plan_tensor(t);
  replace_uses();
  finish();
  return std::move(edits_);
}

void PatchPlanner::refuse(std::size_t t, const std::string& why) const {
  throw_usage(fmt::format("onnx cannot hold {} as {}: {}", quoted(tensors_[t].name), tensors_[t].scheme.name, why));
}

void PatchPlanner::collect_names() {
  for (const auto& tensor : file_.model.graph().initializer()) names_.insert(tensor.name());
  for (const auto& input : file_.model.graph().input()) names_.insert(input.name());
  tree_.for_each([&](Slot& slot) { names_.insert(slot.node.output().begin(), slot.node.output().end()); });
}

bool PatchPlanner::is_touched(const PatchTensor& tensor) const {
  if (tensor.scheme.quantized()) return tensor.scheme != model_.graph.value(tensor.value).weight.source->scheme();
  return tensor.may_change || is_cast(tensor);
}

bool PatchPlanner::is_cast(const PatchTensor& tensor) {
  return tensor.scheme.kind == codec::Scheme::Kind::kFloat && tensor.scheme.float_dtype != tensor.source_dtype;
}

void PatchPlanner::find_uses(std::size_t t) {
  const PatchTensor& tensor = tensors_[t];
  if (!is_touched(tensor)) return;
  for (const graph::NodeId id : model_.graph.consumers(tensor.value)) {
    const graph::Node& node = model_.graph.node(id);
    const bool multiplies = node.op == "Linear" && node.domain == graph::kKerfDomain && node.inputs[1] == tensor.value;
    const bool looks_up = node.op == "Gather" && node.domain.empty() && node.inputs[0] == tensor.value;
    if (multiplies || looks_up) find_use(t, id);
  }
}

std::string PatchPlanner::why_no_matrix(const PatchTensor& tensor) const {
  const auto stored = model_.graph.value(tensor.value).weight.source->scheme();
  if (!stored) return "does not read it as a matrix of its own; let it stay (--keep)";
  return fmt::format(
      "multiplies by codes itself, which stay as they are ({} with scales of {}) and are not made anew; let it stay "
      "(--keep), or quantize the model that it was made of",
      stored->name, dtype_name(stored->scale_dtype));
}

void PatchPlanner::find_use(std::size_t t, graph::NodeId id) {
  const auto origins = model_.origins.nodes.find(id);
  if (origins == model_.origins.nodes.end() || origins->second.empty() || origins->second.front().path.empty()) {
    return refuse(t, "the file has no node of its own for it");
  }
  const Slot& slot = tree_.at(origins->second.front().path);
  const auto operand = operand_of(slot.node);
  if (!operand) {
    if (!tensors_[t].scheme.quantized() && !is_cast(tensors_[t])) return;  // only if it changes, see places
    refuse(t, fmt::format("{} {}", op_name(slot.node), why_no_matrix(tensors_[t])));
  }
  const auto [found, is_new] = matrices_.try_emplace(operand->name, Matrix{t, operand->turned});
  if (!is_new && (found->second.tensor != t || found->second.turned != operand->turned)) {
    refuse(t, fmt::format("{} reads it otherwise than another node does; let it stay (--keep)", op_name(slot.node)));
  }
  if (is_new) uses_[t].push_back(operand->name);
}

void PatchPlanner::choose_prefix(std::size_t t) {
  std::string prefix = tensors_[t].name;
  const auto taken = [&](const std::string& candidate) {
    const auto next = names_.lower_bound(candidate + "_");
    return next != names_.end() && starts_with(*next, candidate + "_");
  };
  for (int n = 2; taken(prefix); ++n) prefix = fmt::format("{}_{}", tensors_[t].name, n);
  names_.insert(prefix + "_");
  prefixes_[t] = prefix;
}

QuantizedWeight PatchPlanner::weight_of(std::size_t t, const std::string& matrix) const {
  const PatchTensor& tensor = tensors_[t];
  const Matrix& found = matrices_.at(matrix);
  return {.name = prefixes_.at(t),
          .scheme = tensor.scheme,
          .rows = tensor.shape[0],
          .cols = tensor.shape[1],
          .float_type = found.float_type,
          .turned = found.turned};
}

void PatchPlanner::finish() {
  for (const std::string& name : tree_.remove_unread(seeds_)) {
    if (origin_->initializer(name) != nullptr) edits_.removed.insert(name);
  }
  // A view of a matrix that is made anew may be gone, and with it what only it read.
  const auto readers = tree_.readers();
  for (std::size_t t = 0; t < tensors_.size(); ++t) {
    if (!prefixes_.contains(t) || !tensors_[t].scheme.quantized()) continue;
    if (options_.kind->product.makes == WeightForm::Makes::kMatrix) continue;
    for (const std::string& name : uses_[t]) {
      const auto found = readers.find(name);
      const bool is_made = made_by_form(name);
      if (found == readers.end() || found->second == 0 || is_made) continue;
      add_note(fmt::format("{} also stays in float: other nodes read {}", tensors_[t].name, quoted(name)));
    }
  }
  for (const std::string& name : edits_.removed) edits_.rewritten.erase(name);
}

bool PatchPlanner::made_by_form(const std::string& name) const {
  const auto makes = [&](const proto::NodeProto& node) {
    return std::find(node.output().begin(), node.output().end(), name) != node.output().end();
  };
  return std::any_of(tree_.front().begin(), tree_.front().end(), makes);
}

void PatchPlanner::add_note(std::string note) {
  if (std::find(edits_.notes.begin(), edits_.notes.end(), note) == edits_.notes.end()) {
    edits_.notes.push_back(std::move(note));
  }
}

PatchEdits plan_edits(ModelFile& file, const ImportedOnnx& model, std::span<const PatchTensor> tensors,
                      const PatchOptions& options, NodeTree& tree) {
  return PatchPlanner(file, model, tensors, options, tree).plan();
}

}  // namespace kerf::formats::onnx
