// The ONNX project's own node tests (Debian's libonnx-testdata), through the importer: inputs become constants, so that
// shape rules, lowerings and kernels compute the outputs while the model is flattened.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/strings.h"
#include "formats/onnx/flatten.h"
#include "formats/onnx/lowering.h"
#include "ops/op.h"

namespace kerf::formats::onnx {
namespace {

constexpr const char* kFolder = "/usr/share/libonnx-testdata/data/node";

/// Cases of operators that kerf implements that it does not pass, by pattern, and why.
struct Exception {
  std::string_view pattern, reason;
};
constexpr Exception kExceptions[] = {
    {"test_batchnorm_*_training_mode", "training"},
    {"test_cast_*STRING*", "kerf has no strings"},
    {"test_castlike_*STRING*", "kerf has no strings"},
    {"test_cast_*BFLOAT16*", "the data is of bf16 bits called uint16"},
    {"test_castlike_*BFLOAT16*", "the data is of bf16 bits called uint16"},
    {"test_identity_opt", "optional values"},
    {"test_identity_sequence", "sequences"},
    {"test_training_dropout_default*", "training"},
    {"test_training_dropout_mask", "training"},
    {"test_training_dropout", "training"},
    {"test_unsqueeze_axis_3", "axes as an attribute, of opset 11"},
    {"test_*window*_expanded", "expected values are off the formula by 6e-6"},
};

bool is_excepted(const std::string& name) {
  return std::any_of(std::begin(kExceptions), std::end(kExceptions),
                     [&](const Exception& exception) { return glob_match(exception.pattern, name); });
}

proto::TensorProto read_tensor(const std::string& path) {
  proto::TensorProto tensor;
  std::ifstream file(path, std::ios::binary);
  if (!tensor.ParseFromIstream(&file)) throw std::runtime_error("cannot read " + path);
  return tensor;
}

Constant constant_of(const std::string& path) {
  const auto nothing = std::make_shared<const ByteSource>(ByteSource{path, 0, {}});
  ExternalFiles none(path);
  return Constant(StoredTensor(read_tensor(path), nothing, none, path), {});
}

bool is_implemented(const proto::NodeProto& node) {
  return find_lowering(node.domain(), node.op_type()) != nullptr ||
         ops::find_op(node.domain(), node.op_type()) != nullptr;
}

/// f32 results of some roundings more or less than numpy's, those of narrow floats of theirs; everything else exact.
std::string difference(const Tensor& found, const Tensor& expected, double tolerance) {
  if (found.dtype() != expected.dtype()) return "dtype " + std::string(dtype_name(found.dtype()));
  if (found.shape() != expected.shape()) return "shape " + to_string(found.shape());
  if (found.dtype() != DType::kF32) {
    const auto* a = reinterpret_cast<const char*>(found.raw());
    const auto* b = reinterpret_cast<const char*>(expected.raw());
    return std::equal(a, a + found.bytes(), b) ? "" : "other values";
  }
  for (std::int64_t i = 0; i < found.size(); ++i) {
    const double a = found.data<float>()[i], b = expected.data<float>()[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    if (!(std::abs(a - b) <= 1e-6 + tolerance * std::abs(b))) {
      return "element " + std::to_string(i) + ": " + std::to_string(a) + ", expected " + std::to_string(b);
    }
  }
  return "";
}

/// Floats that kerf computes with in f32 come out in their own precision in the file.
double tolerance_of(std::int32_t data_type) {
  if (data_type == proto::TensorProto::FLOAT16) return 2e-3;
  if (data_type == proto::TensorProto::BFLOAT16) return 1e-2;
  return 3e-6;
}

/// Runs a case; what differs, or an empty string.
std::string run_case(const std::string& folder, ModelFile& model) {
  const std::string data = folder + "/test_data_set_0/";
  int next = 0;
  const Draft draft = flatten(model, [&](Emitter& emitter, const proto::ValueInfoProto& input) {
    return emitter.add_constant(constant_of(data + "input_" + std::to_string(next++) + ".pb"), input.name());
  });
  for (std::size_t i = 0; i < draft.outputs.size(); ++i) {
    const auto tensor = read_tensor(data + "output_" + std::to_string(i) + ".pb");
    const Constant* found = draft.constant(draft.outputs[i].second);
    if (found == nullptr) return draft.outputs[i].first + " was not computed";
    const Constant expected = constant_of(data + "output_" + std::to_string(i) + ".pb");
    const std::string differs = difference(found->values(), expected.values(), tolerance_of(tensor.data_type()));
    if (!differs.empty()) return draft.outputs[i].first + ": " + differs;
  }
  return "";
}

TEST(OnnxNodeCases, OutputsAreThoseOfTheProject) {
  if (!is_directory(kFolder)) GTEST_SKIP() << "libonnx-testdata is not installed";
  std::set<std::string> passed;
  int cases = 0, excepted = 0;
  for (const std::string& name : list_directory(kFolder)) {
    const std::string folder = join_path(kFolder, name);
    ModelFile model = open_model_file(make_byte_source(InputFile::open(folder + "/model.onnx")));
    // The files name the last opset that changed the operator.
    for (auto& import : *model.model.mutable_opset_import()) {
      if (import.version() < kOldestOpset) import.set_version(kOldestOpset);
    }
    const auto& nodes = model.model.graph().node();
    if (!std::all_of(nodes.begin(), nodes.end(), is_implemented)) continue;
    std::string differs;
    try {
      differs = run_case(folder, model);
    } catch (const Error& error) {
      differs = error.message();
    }
    if (is_excepted(name)) {
      EXPECT_NE(differs, "") << name << " passes: it is no exception";
      ++excepted;
      continue;
    }
    EXPECT_EQ(differs, "") << name;
    for (const auto& node : nodes) passed.insert(node.op_type());
    ++cases;
  }
  // The counts of the installed 1.12 data: a reader that skips everything must not pass.
  EXPECT_GE(cases, 400);
  // What the data is too old for is tested on its own.
  const std::set<std::string_view> newer = {"Attention", "BitwiseAnd",       "BitwiseNot",
                                            "BitwiseOr", "BitwiseXor",       "Gelu",
                                            "Mish",      "RMSNormalization", "RotaryEmbedding"};
  for (const ops::OpInfo* op : ops::all_ops()) {
    const std::string op_name(op->name);
    if (op->domain.empty() && !newer.contains(op->name)) {
      EXPECT_TRUE(passed.contains(op_name)) << op_name << " was not tested";
    }
  }
  RecordProperty("cases", cases);
  RecordProperty("excepted", excepted);
}

}  // namespace
}  // namespace kerf::formats::onnx
