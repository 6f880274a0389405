#include "formats/onnx/patch/node_tree.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/origin.h"
#include "formats/onnx/patch/inline_function.h"
#include "formats/onnx/patch/read_message.h"

namespace kerf::formats::onnx {
namespace {

std::vector<FilePiece> pieces_of(const std::vector<FilePiece>& pieces, std::uint32_t number) {
  std::vector<FilePiece> result;
  std::copy_if(pieces.begin(), pieces.end(), std::back_inserter(result),
               [&](const FilePiece& piece) { return piece.field == number; });
  return result;
}

std::string branch_name(int branch) { return branch == kThenBranch ? "then_branch" : "else_branch"; }

proto::GraphProto* branch_graph(proto::NodeProto& node, int branch) {
  for (auto& attribute : *node.mutable_attribute()) {
    if (attribute.name() == branch_name(branch)) return attribute.mutable_g();
  }
  return nullptr;
}

bool is_opened(const Slot& slot, const proto::AttributeProto& attribute) {
  const bool is_then = attribute.name() == branch_name(kThenBranch),
             is_else = attribute.name() == branch_name(kElseBranch);
  return (is_then && slot.branches.contains(kThenBranch)) || (is_else && slot.branches.contains(kElseBranch));
}

/// Every name that a node reads, those that its subgraphs read included.
void visit_reads(const proto::NodeProto& node, const std::function<void(const std::string&)>& visit);

void visit_graph_reads(const proto::GraphProto& graph, const std::function<void(const std::string&)>& visit) {
  for (const auto& node : graph.node()) visit_reads(node, visit);
  for (const auto& output : graph.output()) visit(output.name());
}

void visit_reads(const proto::NodeProto& node, const std::function<void(const std::string&)>& visit) {
  for (const std::string& input : node.input()) {
    if (!input.empty()) visit(input);
  }
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) visit_graph_reads(attribute.g(), visit);
    for (const auto& graph : attribute.graphs()) visit_graph_reads(graph, visit);
  }
}

/// As visit_reads, but opened branches are left to those who walk their slots.
void visit_own_reads(const Slot& slot, const std::function<void(const std::string&)>& visit) {
  for (const std::string& input : slot.node.input()) {
    if (!input.empty()) visit(input);
  }
  for (const auto& attribute : slot.node.attribute()) {
    if (attribute.has_g() && is_opened(slot, attribute)) {
      for (const auto& output : attribute.g().output()) visit(output.name());
    } else if (attribute.has_g()) {
      visit_graph_reads(attribute.g(), visit);
    }
  }
}

void walk(std::vector<Slot>& slots, const std::function<void(Slot&)>& visit) {
  for (Slot& slot : slots) {
    if (slot.replaced) {
      walk(slot.body, visit);
      continue;
    }
    visit(slot);
    for (auto& [branch, inner] : slot.branches) walk(inner, visit);
  }
}

}  // namespace

NodeTree::NodeTree(ModelFile& model, const FileIndex& index)
    : model_(model),
      node_pieces_(pieces_of(index.graph, field::kNode)),
      function_pieces_(pieces_of(index.model, field::kFunctions)) {
  const auto& nodes = model.model.graph().node();
  if (static_cast<std::size_t>(nodes.size()) != node_pieces_.size()) {
    throw_input(model.file->path, "graph", "has nodes in a form that cannot be changed one by one");
  }
  slots_.resize(node_pieces_.size());
  for (int i = 0; i < nodes.size(); ++i) {
    Slot& slot = slots_[static_cast<std::size_t>(i)];
    slot.original = i;
    slot.node = nodes.Get(i);
  }
}

proto::NodeProto& NodeTree::touch(Slot& slot) {
  if (slot.original >= 0 && !slot.changed) {
    const FilePiece& piece = node_pieces_[static_cast<std::size_t>(slot.original)];
    read_message(*model_.file, piece, slot.node);
  }
  slot.changed = true;
  return slot.node;
}

void NodeTree::replace(Slot& slot, std::vector<proto::NodeProto> nodes) {
  slot.replaced = true;
  slot.body.clear();
  for (proto::NodeProto& node : nodes) {
    slot.body.push_back({.node = std::move(node), .changed = true, .scope = slot.scope});
  }
}

void NodeTree::add_front(std::vector<proto::NodeProto> nodes) {
  for (proto::NodeProto& node : nodes) front_.push_back(std::move(node));
}

const proto::FunctionProto* NodeTree::find_function(const proto::NodeProto& node) {
  for (int i = 0; i < model_.model.functions_size(); ++i) {
    const auto& function = model_.model.functions(i);
    if (function.name() != node.op_type() || canonical_domain(function.domain()) != canonical_domain(node.domain()) ||
        function.overload() != node.overload()) {
      continue;
    }
    auto [found, is_new] = functions_.try_emplace(i);
    if (is_new) read_message(*model_.file, function_pieces_[static_cast<std::size_t>(i)], found->second);
    return &found->second;
  }
  return nullptr;
}

void NodeTree::inline_call(Slot& slot) {
  const proto::FunctionProto* function = find_function(slot.node);
  if (function == nullptr) {
    throw_input(model_.file->path, fmt::format("node {}", quoted(slot.node.name())), "is no call of a function");
  }
  replace(slot, inlined(*function, touch(slot)));
}

std::vector<Slot>& NodeTree::open_branch(Slot& slot, int branch) {
  if (const auto found = slot.branches.find(branch); found != slot.branches.end()) return found->second;
  std::vector<Slot>& inner = slot.branches[branch];
  proto::GraphProto* graph = branch_graph(touch(slot), branch);
  if (graph == nullptr) return inner;
  const int scope = scopes_++;
  for (const auto& node : graph->node()) inner.push_back({.node = node, .changed = true, .scope = scope});
  return inner;
}

Slot& NodeTree::at(const std::vector<int>& path) {
  std::vector<Slot>* list = &slots_;
  for (std::size_t i = 0;; ++i) {
    Slot& slot = list->at(static_cast<std::size_t>(path[i]));
    if (i + 1 == path.size()) return slot;
    if (slot.node.op_type() == "If" && slot.node.domain().empty()) {
      list = &open_branch(slot, path[++i]);
      continue;
    }
    if (!slot.replaced) inline_call(slot);
    list = &slot.body;
  }
}

void NodeTree::open_readers(const std::function<bool(const std::string&)>& reads) {
  for_each([&](Slot& slot) {
    if (slot.node.op_type() != "If" || !slot.node.domain().empty()) return;
    for (const int branch : {kThenBranch, kElseBranch}) {
      proto::GraphProto* graph = branch_graph(slot.node, branch);
      bool found = false;
      if (graph != nullptr) visit_graph_reads(*graph, [&](const std::string& name) { found = found || reads(name); });
      if (found) open_branch(slot, branch);
    }
  });
}

void NodeTree::for_each(const std::function<void(Slot&)>& visit) { walk(slots_, visit); }

std::unordered_map<std::string, Slot*> NodeTree::producers() {
  std::unordered_map<std::string, Slot*> result;
  for_each([&](Slot& slot) {
    for (const std::string& output : slot.node.output()) {
      if (!output.empty()) result[output] = &slot;
    }
  });
  return result;
}

std::unordered_map<std::string, int> NodeTree::readers() {
  std::unordered_map<std::string, int> counts;
  for_each([&](Slot& slot) { visit_own_reads(slot, [&](const std::string& name) { ++counts[name]; }); });
  for (const auto& node : front_) visit_reads(node, [&](const std::string& name) { ++counts[name]; });
  for (const auto& output : model_.model.graph().output()) ++counts[output.name()];
  return counts;
}

std::vector<std::string> NodeTree::remove_unread(std::vector<std::string> names) {
  auto counts = readers();
  const auto made = producers();
  std::vector<std::string> unread;
  while (!names.empty()) {
    const std::string name = std::move(names.back());
    names.pop_back();
    if (counts[name] > 0) continue;
    const auto producer = made.find(name);
    if (producer == made.end()) {
      unread.push_back(name);
      continue;
    }
    Slot& slot = *producer->second;
    const auto& outputs = slot.node.output();
    const bool is_read =
        std::any_of(outputs.begin(), outputs.end(), [&](const std::string& output) { return counts[output] > 0; });
    if (slot.replaced || is_read) continue;
    visit_own_reads(slot, [&](const std::string& input) {
      if (--counts[input] == 0) names.push_back(input);
    });
    replace(slot, {});
  }
  return unread;
}

void NodeTree::collect(const Slot& slot, std::vector<proto::NodeProto>& nodes) {
  if (slot.replaced) {
    for (const Slot& inner : slot.body) collect(inner, nodes);
    return;
  }
  nodes.push_back(slot.node);
  for (const auto& [branch, inner] : slot.branches) {
    proto::GraphProto* graph = branch_graph(nodes.back(), branch);
    if (graph == nullptr) continue;
    std::vector<proto::NodeProto> kept;
    for (const Slot& node : inner) collect(node, kept);
    graph->clear_node();
    for (proto::NodeProto& node : kept) graph->add_node()->Swap(&node);
  }
}

}  // namespace kerf::formats::onnx
