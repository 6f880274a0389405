#include "formats/onnx/flatten.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"
#include "formats/onnx/emitter.h"
#include "formats/onnx/lowering.h"
#include "formats/onnx/module_scope.h"

namespace kerf::formats::onnx {
namespace {

/// More nodes than any model has; functions that call functions multiply.
constexpr std::size_t kMaxNodes = std::size_t{1} << 17;
constexpr std::size_t kMaxCallDepth = 32;

using Opsets = std::map<std::string, std::int64_t>;
using AttributeMap = std::unordered_map<std::string, const proto::AttributeProto*>;

template <typename Imports>
Opsets opsets_of(const Imports& imports) {
  Opsets opsets;
  for (const auto& import : imports) opsets[canonical_domain(import.domain())] = import.version();
  return opsets;
}

/// Names of values that a list of nodes sees; a subgraph sees those around it too.
struct Scope {
  const Scope* outer = nullptr;
  std::unordered_map<std::string, ValueIndex> values{};
  /// Attributes of the function that is being inlined; null in graphs.
  const AttributeMap* attributes = nullptr;
  const Opsets* opsets = nullptr;
  /// Every name that a node of the list makes, to tell a name out of order from one that is missing.
  std::unordered_set<std::string> made{};

  const ValueIndex* find(const std::string& name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
      if (const auto found = scope->values.find(name); found != scope->values.end()) return &found->second;
    }
    return nullptr;
  }
};

using AttributeType = proto::AttributeProto;

/// Files of IR versions without types leave it to the reader.
AttributeType::AttributeType type_of(const proto::AttributeProto& attribute) {
  if (attribute.type() != AttributeType::UNDEFINED) return attribute.type();
  if (attribute.has_f()) return AttributeType::FLOAT;
  if (attribute.has_i()) return AttributeType::INT;
  if (attribute.has_s()) return AttributeType::STRING;
  if (attribute.has_t()) return AttributeType::TENSOR;
  if (attribute.has_g()) return AttributeType::GRAPH;
  if (attribute.floats_size() > 0) return AttributeType::FLOATS;
  return attribute.ints_size() > 0 ? AttributeType::INTS : AttributeType::UNDEFINED;
}

class Flattener {
 public:
  Flattener(ModelFile& model, const BindInput& bind) : model_(model), bind_(bind), emitter_(draft_, model.file->path) {
    for (const auto& function : model.model.functions()) add_function(function);
  }

  Draft flatten() {
    const proto::GraphProto& graph = model_.model.graph();
    const Opsets opsets = opsets_of(model_.model.opset_import());
    check_opsets(opsets);
    Scope scope{.opsets = &opsets};
    take_initializers(graph, scope, true);
    bind_inputs(graph, scope);
    run_nodes(graph.node(), scope, {});
    take_outputs(graph, scope);
    return std::move(draft_);
  }

 private:
  [[noreturn]] void fail(std::string_view place, std::string message) const {
    throw_input(model_.file->path, place, std::move(message));
  }

  static std::string key_of(const std::string& domain, const std::string& name, const std::string& overload) {
    return fmt::format("{}::{}::{}", canonical_domain(domain), name, overload);
  }

  void add_function(const proto::FunctionProto& function) {
    if (!functions_.emplace(key_of(function.domain(), function.name(), function.overload()), &function).second) {
      fail(fmt::format("function {}", quoted(function.name())), "is defined twice");
    }
  }

  void check_opsets(const Opsets& opsets) const {
    if (opsets.empty()) fail("opset_import", "is missing, so that the meaning of the operators is not known");
    const auto found = opsets.find(std::string(kDefaultDomain));
    if (found == opsets.end()) return;  // every operator may be another domain's
    if (found->second < kOldestOpset || found->second > kNewestOpset) {
      fail("opset_import", fmt::format("found opset {}, expected {} to {}", found->second, kOldestOpset, kNewestOpset));
    }
  }

  void define(Scope& scope, const std::string& name, ValueIndex value, std::string_view place) {
    if (!scope.values.emplace(name, value).second) fail(place, fmt::format("makes {} a second time", quoted(name)));
    const bool is_main = scope.outer == nullptr && scope.attributes == nullptr;
    if (is_main && value != kAbsent && draft_.value(value).main_name.empty()) draft_.value(value).main_name = name;
  }

  void take_initializers(const proto::GraphProto& graph, Scope& scope, bool is_main) {
    if (graph.sparse_initializer_size() > 0) {
      fail(fmt::format("tensor {}", quoted(graph.sparse_initializer(0).values().name())),
           "is sparse, expected dense initializers");
    }
    for (const auto& tensor : graph.initializer()) {
      if (tensor.name().empty()) fail("initializers", "found one without a name");
      StoredTensor stored(tensor, model_.file, model_.external, tensor.name());
      const ValueIndex value =
          emitter_.add_constant(Constant(std::move(stored), is_main ? tensor.name() : ""), tensor.name());
      define(scope, tensor.name(), value, fmt::format("tensor {}", quoted(tensor.name())));
    }
  }

  void bind_inputs(const proto::GraphProto& graph, Scope& scope) {
    for (const auto& input : graph.input()) {
      // Before IR version 4 initializers were listed as inputs too.
      if (scope.values.contains(input.name())) continue;
      emitter_.set_place({input.name(), "input", "", {}});
      define(scope, input.name(), bind_(emitter_, input), fmt::format("input {}", quoted(input.name())));
    }
  }

  void take_outputs(const proto::GraphProto& graph, const Scope& scope) {
    for (const auto& output : graph.output()) {
      const ValueIndex* value = scope.find(output.name());
      // Such as the keys and values of attention, which serve generation.
      if (value == nullptr && scope.made.contains(output.name())) continue;
      if (value == nullptr) fail(fmt::format("output {}", quoted(output.name())), "is made by no node");
      draft_.outputs.emplace_back(output.name(), *value);
    }
  }

  template <typename Nodes>
  void run_nodes(const Nodes& nodes, Scope& scope, const std::vector<int>& path) {
    for (const auto& node : nodes) {
      for (const std::string& output : node.output()) {
        if (!output.empty()) scope.made.insert(output);
      }
    }
    for (int i = 0; i < nodes.size(); ++i) {
      std::vector<int> place = path;
      place.push_back(i);
      run_node(nodes.Get(i), scope, std::move(place));
    }
  }

  void run_node(const proto::NodeProto& node, Scope& scope, std::vector<int> path) {
    if (++nodes_ > kMaxNodes) fail("", fmt::format("found more than {} nodes, functions inlined", kMaxNodes));
    const std::string own = !node.name().empty()     ? node.name()
                            : node.output_size() > 0 ? node.output(0)
                                                     : fmt::format("{}_{}", node.op_type(), path.back());
    std::string name = prefix_.empty() ? own : prefix_ + "/" + own;
    const std::string scope_name = module_scope(node);
    const Emitter::Place place{std::move(name), node.op_type(), scope_name.empty() ? scope_name_ : scope_name, {path}};
    emitter_.set_place(place);
    const Call call = resolve(node, scope);
    const std::vector<ValueIndex> outputs = run_call(node, call, scope, path, place);
    for (int i = 0; i < node.output_size(); ++i) {
      if (node.output(i).empty()) continue;
      if (static_cast<std::size_t>(i) >= outputs.size() || outputs[static_cast<std::size_t>(i)] == kAbsent) {
        // Of training, as a rule; who reads it is told that it is missing.
        continue;
      }
      define(scope, node.output(i), outputs[static_cast<std::size_t>(i)], fmt::format("node {}", quoted(place.name)));
    }
  }

  Call resolve(const proto::NodeProto& node, const Scope& scope) {
    Call call;
    call.op = node.op_type();
    call.domain = canonical_domain(node.domain());
    if (const auto opset = scope.opsets->find(call.domain); opset != scope.opsets->end()) call.opset = opset->second;
    for (const std::string& input : node.input())
      call.inputs.push_back(input.empty() ? kAbsent : look_up(input, scope));
    call.output_count = static_cast<std::size_t>(node.output_size());
    std::set<std::string> seen;
    for (const auto& attribute : node.attribute()) {
      if (!seen.insert(attribute.name()).second) {
        emitter_.fail(fmt::format("found the attribute {} twice", quoted(attribute.name())));
      }
      take_attribute(attribute, scope, call);
    }
    return call;
  }

  ValueIndex look_up(const std::string& name, const Scope& scope) const {
    if (const ValueIndex* found = scope.find(name)) return *found;
    for (const Scope* around = &scope; around != nullptr; around = around->outer) {
      if (around->made.contains(name)) {
        emitter_.fail(
            fmt::format("reads {} before it is made: the nodes are out of order or run in a circle, or that "
                        "output has no value in inference",
                        quoted(name)));
      }
    }
    emitter_.fail(fmt::format("reads {}, which nothing makes", quoted(name)));
  }

  void take_attribute(const proto::AttributeProto& given, const Scope& scope, Call& call) {
    const proto::AttributeProto* attribute = &given;
    if (!given.ref_attr_name().empty()) {
      if (scope.attributes == nullptr) emitter_.fail("refers to an attribute of a function, outside of one");
      const auto found = scope.attributes->find(given.ref_attr_name());
      if (found == scope.attributes->end()) return;  // not given, and without a default
      attribute = found->second;
    }
    const std::string& name = given.name();
    switch (type_of(*attribute)) {
      case AttributeType::FLOAT:
        return call.attributes.set(name, static_cast<double>(attribute->f()));
      case AttributeType::INT:
        return call.attributes.set(name, static_cast<std::int64_t>(attribute->i()));
      case AttributeType::STRING:
        return call.attributes.set(name, attribute->s());
      case AttributeType::FLOATS:
        return call.attributes.set(name, std::vector<double>(attribute->floats().begin(), attribute->floats().end()));
      case AttributeType::INTS:
        return call.attributes.set(name, std::vector<std::int64_t>(attribute->ints().begin(), attribute->ints().end()));
      case AttributeType::TENSOR: {
        StoredTensor stored(attribute->t(), model_.file, model_.external,
                            fmt::format("{} of node {}", name, emitter_.place().name));
        call.tensors.emplace(name, Constant(std::move(stored), ""));
        return;
      }
      case AttributeType::GRAPH:
        call.graphs.emplace(name, &attribute->g());
        return;
      default:
        return;  // what an operator does with it shows when it is lowered
    }
  }

  std::vector<ValueIndex> run_call(const proto::NodeProto& node, const Call& call, Scope& scope,
                                   const std::vector<int>& path, const Emitter::Place& place) {
    const auto function = functions_.find(key_of(node.domain(), node.op_type(), node.overload()));
    if (function != functions_.end()) return inline_function(*function->second, node, call, scope, path, place);
    if (call.domain.empty() && call.op == "If") return run_branch(call, scope, path, place);
    if (!call.graphs.empty()) emitter_.fail(fmt::format("operator {} is not implemented", quoted(call.op)));
    // Operators of our own have no meaning in a file.
    if (call.domain == graph::kKerfDomain)
      emitter_.fail(fmt::format("operator {} is not implemented", quoted(call.op)));
    if (const LoweringInfo* lowering = find_lowering(call.domain, call.op)) return lowering->lower(emitter_, call);
    return emitter_.nodes(call.op, call.inputs, call.output_count, call.attributes, call.domain);
  }

  std::vector<ValueIndex> inline_function(const proto::FunctionProto& function, const proto::NodeProto& node,
                                          const Call& call, const Scope& scope, const std::vector<int>& path,
                                          const Emitter::Place& place) {
    if (std::find(calls_.begin(), calls_.end(), &function) != calls_.end()) {
      emitter_.fail(fmt::format("function {} calls itself", quoted(function.name())));
    }
    if (calls_.size() == kMaxCallDepth) {
      emitter_.fail(fmt::format("found functions that call functions deeper than {}", kMaxCallDepth));
    }
    if (static_cast<int>(call.inputs.size()) > function.input_size() || node.output_size() > function.output_size()) {
      emitter_.fail(fmt::format("found {} inputs and {} outputs, function {} has {} and {}", call.inputs.size(),
                                node.output_size(), quoted(function.name()), function.input_size(),
                                function.output_size()));
    }
    AttributeMap attributes;
    for (const auto& attribute : function.attribute_proto()) attributes[attribute.name()] = &attribute;
    for (const auto& attribute : node.attribute()) {
      const proto::AttributeProto* value = &attribute;
      if (!attribute.ref_attr_name().empty()) {
        const auto outer = scope.attributes == nullptr ? AttributeMap::const_iterator()
                                                       : scope.attributes->find(attribute.ref_attr_name());
        if (scope.attributes == nullptr || outer == scope.attributes->end()) continue;
        value = outer->second;
      }
      attributes[attribute.name()] = value;
    }
    Opsets opsets = opsets_of(function.opset_import());
    if (opsets.empty()) opsets = *scope.opsets;
    check_opsets(opsets);
    Scope inside{.attributes = &attributes, .opsets = &opsets};
    for (int i = 0; i < function.input_size(); ++i) {
      define(inside, function.input(i), call.input(static_cast<std::size_t>(i)),
             fmt::format("function {}", quoted(function.name())));
    }
    calls_.push_back(&function);
    const std::vector<ValueIndex> outputs = run_inside(function.node(), function.output(), inside, path, place);
    calls_.pop_back();
    return outputs;
  }

  std::vector<ValueIndex> run_branch(const Call& call, Scope& scope, const std::vector<int>& path,
                                     const Emitter::Place& place) {
    const Constant* condition = call.input(0) == kAbsent ? nullptr : emitter_.constant(call.input(0));
    if (condition == nullptr || condition->size() != 1 || condition->dtype() != DType::kBool) {
      emitter_.fail("its condition depends on the data, expected one that follows from constants");
    }
    const bool truth = condition->values().raw()[0] != std::byte{0};
    const auto branch = call.graphs.find(truth ? "then_branch" : "else_branch");
    if (branch == call.graphs.end()) emitter_.fail("a branch is missing");
    const proto::GraphProto& graph = *branch->second;
    Scope inside{.outer = &scope, .attributes = scope.attributes, .opsets = scope.opsets};
    take_initializers(graph, inside, false);
    std::vector<std::string> outputs;
    for (const auto& output : graph.output()) outputs.push_back(output.name());
    std::vector<int> branch_path = path;
    branch_path.push_back(truth ? kThenBranch : kElseBranch);
    return run_inside(graph.node(), outputs, inside, branch_path, place);
  }

  template <typename Nodes, typename Outputs>
  std::vector<ValueIndex> run_inside(const Nodes& nodes, const Outputs& outputs, Scope& inside,
                                     const std::vector<int>& path, const Emitter::Place& place) {
    const std::string prefix = std::exchange(prefix_, place.name);
    const std::string scope_name = std::exchange(scope_name_, place.scope);
    run_nodes(nodes, inside, path);
    prefix_ = prefix;
    scope_name_ = scope_name;
    emitter_.set_place(place);
    std::vector<ValueIndex> values;
    for (const std::string& output : outputs) values.push_back(look_up(output, inside));
    return values;
  }

  ModelFile& model_;
  const BindInput& bind_;
  Draft draft_;
  Emitter emitter_;
  std::unordered_map<std::string, const proto::FunctionProto*> functions_;
  std::vector<const proto::FunctionProto*> calls_;  ///< those being inlined
  std::string prefix_, scope_name_;                 ///< of nodes inside a function or branch
  std::size_t nodes_ = 0;
};

}  // namespace

Draft flatten(ModelFile& model, const BindInput& bind) { return Flattener(model, bind).flatten(); }

}  // namespace kerf::formats::onnx
