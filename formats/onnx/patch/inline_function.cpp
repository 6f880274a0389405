#include "formats/onnx/patch/inline_function.h"

#include <string>
#include <unordered_map>

#include "formats/onnx/node_builder.h"

namespace kerf::formats::onnx {
namespace {

class Inliner {
 public:
  Inliner(const proto::FunctionProto& function, const proto::NodeProto& call)
      : prefix_((call.output_size() > 0 && !call.output(0).empty() ? call.output(0) : call.name()) + "/") {
    for (int i = 0; i < function.input_size(); ++i) {
      names_[function.input(i)] = i < call.input_size() ? call.input(i) : "";
    }
    for (const auto& attribute : function.attribute_proto()) attributes_[attribute.name()] = &attribute;
    for (const auto& attribute : call.attribute()) attributes_[attribute.name()] = &attribute;
    for (int i = 0; i < function.output_size() && i < call.output_size(); ++i) {
      if (call.output(i).empty()) continue;
      // An output that is an input, or another output too, is copied.
      if (!names_.emplace(function.output(i), call.output(i)).second)
        copies_.emplace_back(function.output(i), call.output(i));
    }
    for (const auto& node : function.node()) nodes_.push_back(renamed(node));
    for (const auto& [from, to] : copies_) {
      nodes_.push_back(NodeBuilder("Identity").named(prefix_ + to).reads({names_.at(from)}).makes({to}).build());
    }
  }

  std::vector<proto::NodeProto> take() { return std::move(nodes_); }

 private:
  std::string name_of(const std::string& name) {
    if (name.empty()) return name;
    const auto [found, is_new] = names_.try_emplace(name, prefix_ + name);
    return found->second;
  }

  proto::NodeProto renamed(const proto::NodeProto& node) {
    proto::NodeProto result = node;
    for (std::string& input : *result.mutable_input()) input = name_of(input);
    for (std::string& output : *result.mutable_output()) output = name_of(output);
    if (!result.name().empty()) result.set_name(prefix_ + result.name());
    result.clear_attribute();
    for (const auto& attribute : node.attribute()) add_attribute(attribute, result);
    return result;
  }

  void add_attribute(const proto::AttributeProto& attribute, proto::NodeProto& node) {
    if (!attribute.ref_attr_name().empty()) {
      const auto found = attributes_.find(attribute.ref_attr_name());
      if (found == attributes_.end()) return;
      proto::AttributeProto* value = node.add_attribute();
      *value = *found->second;
      value->set_name(attribute.name());
      return;
    }
    proto::AttributeProto* copy = node.add_attribute();
    *copy = attribute;
    if (copy->has_g()) rename(*copy->mutable_g());
    for (auto& graph : *copy->mutable_graphs()) rename(graph);
  }

  void rename(proto::GraphProto& graph) {
    for (auto& tensor : *graph.mutable_initializer()) tensor.set_name(name_of(tensor.name()));
    for (auto& value : *graph.mutable_input()) value.set_name(name_of(value.name()));
    for (auto& value : *graph.mutable_output()) value.set_name(name_of(value.name()));
    for (auto& value : *graph.mutable_value_info()) value.set_name(name_of(value.name()));
    for (auto& node : *graph.mutable_node()) node = renamed(proto::NodeProto(node));
  }

  std::string prefix_;
  std::unordered_map<std::string, std::string> names_;
  std::unordered_map<std::string, const proto::AttributeProto*> attributes_;
  std::vector<std::pair<std::string, std::string>> copies_;
  std::vector<proto::NodeProto> nodes_;
};

}  // namespace

std::vector<proto::NodeProto> inlined(const proto::FunctionProto& function, const proto::NodeProto& call) {
  return Inliner(function, call).take();
}

}  // namespace kerf::formats::onnx
