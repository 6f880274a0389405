#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/onnx/schema.h"

namespace kerf::formats::onnx {

/// A node that is to be written, part by part: node("Add").named("n").reads({"a", "b"}).makes({"c"}).
class NodeBuilder {
 public:
  explicit NodeBuilder(std::string_view op, std::string_view domain = kDefaultDomain) {
    node_.set_op_type(std::string(op));
    if (!domain.empty()) node_.set_domain(std::string(domain));
  }
  NodeBuilder& named(std::string name) {
    node_.set_name(std::move(name));
    return *this;
  }
  /// Empty names stand for optional inputs that are not given; the last ones are left out.
  NodeBuilder& reads(std::vector<std::string> inputs) {
    while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
    for (std::string& input : inputs) node_.add_input(std::move(input));
    return *this;
  }
  NodeBuilder& makes(std::vector<std::string> outputs) {
    for (std::string& output : outputs) node_.add_output(std::move(output));
    return *this;
  }
  NodeBuilder& with(std::string name, std::int64_t value) {
    auto* attribute = add(std::move(name), proto::AttributeProto::INT);
    attribute->set_i(value);
    return *this;
  }
  NodeBuilder& with(std::string name, const std::vector<std::int64_t>& values) {
    auto* attribute = add(std::move(name), proto::AttributeProto::INTS);
    for (const std::int64_t value : values) attribute->add_ints(value);
    return *this;
  }
  proto::NodeProto build() const { return node_; }

 private:
  proto::AttributeProto* add(std::string name, proto::AttributeProto::AttributeType type) {
    auto* attribute = node_.add_attribute();
    attribute->set_name(std::move(name));
    attribute->set_type(type);
    return attribute;
  }
  proto::NodeProto node_;
};

}  // namespace kerf::formats::onnx
