#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/strings.h"
#include "formats/onnx/node_builder.h"
#include "formats/onnx/patch/patch_planner.h"

namespace kerf::formats::onnx {

std::vector<std::string> PatchPlanner::roots_of(std::size_t t) const {
  std::vector<std::string> roots;
  for (const std::string& name : uses_[t]) {
    bool follows = false;
    int steps = 0;
    for (std::string at = origin_->viewed(name); !at.empty() && ++steps < 64; at = origin_->viewed(at)) {
      const auto found = matrices_.find(at);
      follows = follows || (found != matrices_.end() && found->second.tensor == t);
    }
    if (!follows) roots.push_back(name);
  }
  return roots;
}

void PatchPlanner::make_matrices(std::size_t t, std::vector<proto::NodeProto> nodes) {
  if (is_read_elsewhere(t)) return make_beside(t, std::move(nodes));
  const auto roots = roots_of(t);
  for (const std::string& root : roots) {
    if (root != roots.front()) nodes = {copy_of(root, root, roots.front(), roots.front())};
    make_value(t, root, std::move(nodes));
  }
}

proto::NodeProto PatchPlanner::copy_of(const std::string& made, const std::string& like, const std::string& from,
                                       const std::string& source) const {
  const bool turns = matrices_.at(like).turned != matrices_.at(source).turned;
  NodeBuilder node(turns ? "Transpose" : "Identity");
  node.named(made + "_from").reads({from}).makes({made});
  if (turns) node.with("perm", std::vector<std::int64_t>{1, 0});
  return node.build();
}

bool PatchPlanner::is_read_elsewhere(std::size_t t) {
  std::set<std::string> made_anew(uses_[t].begin(), uses_[t].end());
  const auto roots = roots_of(t);
  std::map<std::string, int> expected;
  for (const std::string& name : uses_[t]) {
    std::string at = name;
    for (int steps = 0; steps < 64 && std::find(roots.begin(), roots.end(), at) == roots.end(); ++steps) {
      const std::string from = origin_->viewed(at);
      if (made_anew.insert(from).second || at == name) ++expected[from];
      at = from;
    }
  }
  tree_.for_each([&](Slot& slot) {
    const auto operand = operand_of(slot.node);
    if (operand && made_anew.contains(operand->name)) ++expected[operand->name];
  });
  const auto readers = tree_.readers();
  return std::any_of(made_anew.begin(), made_anew.end(), [&](const std::string& name) {
    const auto found = readers.find(name);
    return found != readers.end() && found->second > expected[name];
  });
}

void PatchPlanner::make_beside(std::size_t t, std::vector<proto::NodeProto> nodes) {
  const std::string root = roots_of(t).front(), made = prefixes_.at(t) + "_matrix";
  for (proto::NodeProto& node : nodes) {
    for (std::string& output : *node.mutable_output()) output = output == root ? made : output;
  }
  tree_.add_front(std::move(nodes));
  redirected_[root] = made;
  for (const std::string& name : uses_[t]) {
    if (name == root) continue;
    redirected_[name] = fmt::format("{}{}", made, redirected_.size());
    tree_.add_front({copy_of(redirected_[name], name, made, root)});
  }
  add_note(fmt::format("{} also stays in float: other nodes compute with it", tensors_[t].name));
}

void PatchPlanner::redirect_uses() {
  tree_.for_each([&](Slot& slot) {
    const auto operand = operand_of(slot.node);
    const auto found = operand ? redirected_.find(operand->name) : redirected_.end();
    if (found != redirected_.end()) tree_.touch(slot).set_input(operand->input, found->second);
  });
}

void PatchPlanner::make_value(std::size_t t, const std::string& name, std::vector<proto::NodeProto> nodes) {
  tree_.add_front(std::move(nodes));
  if (origin_->initializer(name) != nullptr) {
    edits_.removed.insert(name);
    return;
  }
  Slot* slot = origin_->producer(name);
  if (slot == nullptr || slot->node.output_size() != 1) {
    refuse(t, fmt::format("its matrix {} is part of a branch, or made together with others; let it stay (--keep)",
                          quoted(name)));
  }
  forget(*slot);
  tree_.replace(*slot, {});
}

void PatchPlanner::forget(const Slot& slot) {
  seeds_.insert(seeds_.end(), slot.node.input().begin(), slot.node.input().end());
}

}  // namespace kerf::formats::onnx
