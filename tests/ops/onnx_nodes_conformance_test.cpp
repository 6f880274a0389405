// The ONNX project's own node tests (Debian's libonnx-testdata), for every operator that kerf has: model, inputs and
// outputs as numpy computed them.

#include <cmath>
#include <fstream>
#include <map>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "core/error.h"
#include "core/file.h"
#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

constexpr const char* kFolder = "/usr/share/libonnx-testdata/data/node";

template <typename Message>
Message read_message(const std::string& path) {
  Message message;
  std::ifstream file(path, std::ios::binary);
  if (!message.ParseFromIstream(&file)) throw std::runtime_error("cannot read " + path);
  return message;
}

/// Thrown for tensors of dtypes that kerf does not compute with.
struct OtherDType : std::exception {};

DType dtype_of(std::int32_t number) {
  static const std::map<std::int32_t, DType> known = {{onnx::TensorProto::FLOAT, DType::kF32},
                                                      {onnx::TensorProto::DOUBLE, DType::kF64},
                                                      {onnx::TensorProto::INT64, DType::kI64},
                                                      {onnx::TensorProto::INT32, DType::kI32},
                                                      {onnx::TensorProto::BOOL, DType::kBool}};
  const auto found = known.find(number);
  if (found == known.end()) throw OtherDType();
  return found->second;
}

Tensor read_tensor(const std::string& path) {
  const auto proto = read_message<onnx::TensorProto>(path);
  Tensor tensor(dtype_of(proto.data_type()), Shape(proto.dims().begin(), proto.dims().end()));
  if (proto.raw_data().size() != tensor.bytes()) throw OtherDType();
  std::copy(proto.raw_data().begin(), proto.raw_data().end(), reinterpret_cast<char*>(tensor.raw()));
  return tensor;
}

graph::Attributes attributes_of(const onnx::NodeProto& node) {
  graph::Attributes attributes;
  for (const auto& attribute : node.attribute()) {
    switch (attribute.type()) {
      case onnx::AttributeProto::INT:
        attributes.set(attribute.name(), attribute.i());
        break;
      case onnx::AttributeProto::FLOAT:
        attributes.set(attribute.name(), static_cast<double>(attribute.f()));
        break;
      case onnx::AttributeProto::STRING:
        attributes.set(attribute.name(), attribute.s());
        break;
      case onnx::AttributeProto::INTS:
        attributes.set(attribute.name(), std::vector<std::int64_t>(attribute.ints().begin(), attribute.ints().end()));
        break;
      default:
        throw OtherDType();
    }
  }
  return attributes;
}

struct Case {
  test::OpCall call;
  std::vector<Tensor> expected;
};

/// Before opset 18 the axes of reductions were an attribute.
void raise_axes(test::OpCall& call) {
  const auto axes = call.attributes.ints_or("axes", {});
  if (axes.empty() || call.op.rfind("Reduce", 0) != 0) return;
  call.inputs.push_back(test::tensor_of<std::int64_t>({std::ssize(axes)}, axes));
}

Case read_case(const std::string& folder, const onnx::NodeProto& node) {
  Case result;
  const std::string data = folder + "/test_data_set_0/";
  result.call.op = node.op_type();
  result.call.attributes = attributes_of(node);
  result.call.outputs = static_cast<std::size_t>(node.output_size());
  int next = 0;
  for (const std::string& name : node.input()) {
    result.call.inputs.push_back(name.empty() ? Tensor()
                                              : read_tensor(data + "input_" + std::to_string(next++) + ".pb"));
  }
  for (int i = 0; i < node.output_size(); ++i) {
    result.expected.push_back(read_tensor(data + "output_" + std::to_string(i) + ".pb"));
  }
  raise_axes(result.call);
  // The norm's second and third outputs serve training; kerf has the first.
  if (result.call.op == "LayerNormalization") result.call.outputs = 1;
  return result;
}

/// f32 results of one or two roundings more or less than numpy's; everything else exact.
void expect_equal(const Tensor& found, const Tensor& expected, const std::string& name) {
  ASSERT_EQ(found.dtype(), expected.dtype()) << name;
  ASSERT_EQ(found.shape(), expected.shape()) << name;
  if (found.dtype() != DType::kF32) {
    EXPECT_TRUE(test::same_bits(found, expected)) << name;
    return;
  }
  for (std::int64_t i = 0; i < found.size(); ++i) {
    const float a = found.data<float>()[i], b = expected.data<float>()[i];
    if (std::isnan(b)) {
      EXPECT_TRUE(std::isnan(a)) << name;
    } else {
      EXPECT_NEAR(a, b, 1e-6 + 2e-6 * std::abs(b)) << name << " element " << i;
    }
  }
}

/// Tests of operators that kerf has, in forms that it refuses: norms over more than the last axis, integer exponents,
/// an older opset's axes.
bool is_refused_form(const Case& test) {
  if (test.call.op == "Unsqueeze") return test.call.inputs.size() == 1;
  if (test.call.op == "LayerNormalization")
    return test.call.inputs[1].shape() != Shape{test.call.inputs[0].shape().back()};
  return test.call.inputs[0].dtype() != DType::kF32 && test.call.op != "Cast" && test.call.op != "Where";
}

TEST(OnnxNodes, OutputsAreThoseOfTheProject) {
  if (!is_directory(kFolder)) GTEST_SKIP() << "libonnx-testdata is not installed";
  std::set<std::string> passed;
  int cases = 0, refused = 0;
  for (const std::string& name : list_directory(kFolder)) {
    const std::string folder = join_path(kFolder, name);
    const auto model = read_message<onnx::ModelProto>(folder + "/model.onnx");
    if (model.graph().node_size() != 1 || find_op("", model.graph().node(0).op_type()) == nullptr) continue;
    try {
      const Case test = read_case(folder, model.graph().node(0));
      if (is_refused_form(test)) {
        EXPECT_THROW(test::infer_op(test.call), Error) << name;
        ++refused;
        continue;
      }
      const auto outputs = test::run_op(test.call);
      for (std::size_t i = 0; i < outputs.size(); ++i) expect_equal(outputs[i], test.expected[i], name);
      passed.insert(test.call.op);
      ++cases;
    } catch (const OtherDType&) {
      continue;
    } catch (const Error& error) {
      ADD_FAILURE() << name << ": " << error.what();
    }
  }
  // The counts of the installed 1.12 data: a reader that skips everything must not pass.
  EXPECT_GE(cases, 90) << cases;
  EXPECT_GE(refused, 10) << refused;
  RecordProperty("cases", cases);
  RecordProperty("refused", refused);
  for (const OpInfo* op : all_ops()) {
    const bool newer = op->name == "Gelu" || op->name == "RMSNormalization" || op->name == "RotaryEmbedding";
    if (op->domain.empty() && !newer) {
      EXPECT_TRUE(passed.contains(std::string(op->name))) << op->name << " was not tested";
    }
  }
}

}  // namespace
}  // namespace kerf::ops
