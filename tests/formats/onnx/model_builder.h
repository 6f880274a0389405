#pragma once

#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "formats/onnx/import.h"
#include "formats/onnx/schema.h"
#include "tests/support/op_runner.h"

namespace kerf::formats::onnx {

/// Puts a model together; every part stays open to be broken.
struct ModelBuilder {
  proto::ModelProto model;

  explicit ModelBuilder(std::int64_t opset = 17) {
    model.set_ir_version(8);
    auto* import = model.add_opset_import();
    import->set_domain("");
    import->set_version(opset);
    model.mutable_graph()->set_name("graph");
  }
  proto::GraphProto& graph() { return *model.mutable_graph(); }

  static void set_type(proto::ValueInfoProto& info, std::int32_t type, const std::vector<std::string>& dims) {
    auto* tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    auto* shape = tensor->mutable_shape();
    for (const std::string& dim : dims) {
      auto* entry = shape->add_dim();
      if (dim.find_first_not_of("0123456789") == std::string::npos) {
        entry->set_dim_value(std::stoll(dim));
      } else {
        entry->set_dim_param(dim);
      }
    }
  }
  void input(const std::string& name, const std::vector<std::string>& dims,
             std::int32_t type = proto::TensorProto::INT64) {
    auto* info = graph().add_input();
    info->set_name(name);
    set_type(*info, type, dims);
  }
  void output(const std::string& name) {
    auto* info = graph().add_output();
    info->set_name(name);
    set_type(*info, proto::TensorProto::FLOAT, {});
  }

  static void fill(proto::TensorProto& tensor, const std::string& name, const Shape& shape, std::int32_t type,
                   const void* values, std::size_t bytes) {
    tensor.set_name(name);
    for (const std::int64_t dim : shape) tensor.add_dims(dim);
    tensor.set_data_type(type);
    tensor.set_raw_data(values, bytes);
  }
  proto::TensorProto& weight(const std::string& name, const Shape& shape, std::uint64_t seed) {
    const Tensor values = test::random_tensor(shape, seed);
    auto* tensor = graph().add_initializer();
    fill(*tensor, name, shape, proto::TensorProto::FLOAT, values.raw(), values.bytes());
    return *tensor;
  }
  proto::TensorProto& integers(const std::string& name, const Shape& shape, const std::vector<std::int64_t>& values) {
    auto* tensor = graph().add_initializer();
    fill(*tensor, name, shape, proto::TensorProto::INT64, values.data(), values.size() * sizeof(std::int64_t));
    return *tensor;
  }

  template <typename Owner>
  static proto::NodeProto& node_in(Owner& owner, const std::string& op, const std::vector<std::string>& inputs,
                                   const std::vector<std::string>& outputs, const std::string& domain = "") {
    auto* node = owner.add_node();
    node->set_op_type(op);
    node->set_domain(domain);
    node->set_name(outputs.empty() ? op : "make_" + outputs.front());
    for (const std::string& input : inputs) node->add_input(input);
    for (const std::string& output : outputs) node->add_output(output);
    return *node;
  }
  proto::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs,
                         const std::vector<std::string>& outputs, const std::string& domain = "") {
    return node_in(graph(), op, inputs, outputs, domain);
  }
  static proto::AttributeProto& attribute(proto::NodeProto& node, const std::string& name, std::int64_t value) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(proto::AttributeProto::INT);
    attribute->set_i(value);
    return *attribute;
  }
  static proto::AttributeProto& attribute(proto::NodeProto& node, const std::string& name, float value) {
    auto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(proto::AttributeProto::FLOAT);
    attribute->set_f(value);
    return *attribute;
  }

  /// input_ids -> rows of "table" [11, 8] -> "x".
  void embed() {
    input("input_ids", {"batch", "length"});
    weight("table", {11, 8}, 1);
    node("Gather", {"table", "input_ids"}, {"x"});
  }
  /// "x" -> times "head" [8, 11] -> the output "logits".
  void head(const std::string& from) {
    weight("head", {8, 11}, 2);
    node("MatMul", {from, "head"}, {"logits"});
    output("logits");
  }

  std::string bytes() const { return model.SerializeAsString(); }
  static ByteSourcePtr source_of(std::string bytes, std::string path = "model.onnx") {
    const auto held = std::make_shared<const std::string>(std::move(bytes));
    ByteSource source{std::move(path), held->size(), {}};
    source.read = [held](std::uint64_t offset, std::span<std::byte> into) {
      if (!into.empty()) std::memcpy(into.data(), held->data() + offset, into.size());
    };
    return std::make_shared<const ByteSource>(std::move(source));
  }
  std::shared_ptr<const ImportedOnnx> import() const { return import_model(source_of(bytes()), Json()); }
  void save(const std::string& path) const {
    std::ofstream file(path, std::ios::binary);
    file << bytes();
  }
};

}  // namespace kerf::formats::onnx
