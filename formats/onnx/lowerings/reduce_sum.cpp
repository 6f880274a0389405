#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

/// Axes are an input since opset 18 (of ReduceSum since 13).
std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  graph::Attributes attributes;
  for (const auto& [key, value] : call.attributes.entries()) {
    if (key != "axes") attributes.set(key, value);
  }
  std::vector<ValueIndex> inputs = call.inputs;
  const auto axes = call.attributes.ints_or("axes", {});
  if (!axes.empty() && inputs.size() == 1) inputs.push_back(emitter.integers(axes));
  return {emitter.node(call.op, inputs, attributes)};
}

constexpr std::string_view kSummary = "axes as an input";

}  // namespace

const LoweringInfo& reduce_l1_lowering() {
  static const LoweringInfo info{"ReduceL1", "", kSummary, lower};
  return info;
}

const LoweringInfo& reduce_l2_lowering() {
  static const LoweringInfo info{"ReduceL2", "", kSummary, lower};
  return info;
}

const LoweringInfo& reduce_log_sum_lowering() {
  static const LoweringInfo info{"ReduceLogSum", "", kSummary, lower};
  return info;
}

const LoweringInfo& reduce_log_sum_exp_lowering() {
  static const LoweringInfo info{"ReduceLogSumExp", "", kSummary, lower};
  return info;
}

const LoweringInfo& reduce_max_lowering() {
  static const LoweringInfo info{"ReduceMax", "", kSummary, lower};
  return info;
}

const LoweringInfo& reduce_mean_lowering() {
  static const LoweringInfo info{"ReduceMean", "", kSummary, lower};
  return info;
}

const LoweringInfo& reduce_min_lowering() {
  static const LoweringInfo info{"ReduceMin", "", kSummary, lower};
  return info;
}

const LoweringInfo& reduce_prod_lowering() {
  static const LoweringInfo info{"ReduceProd", "", kSummary, lower};
  return info;
}

const LoweringInfo& reduce_sum_lowering() {
  static const LoweringInfo info{"ReduceSum", "", kSummary, lower};
  return info;
}

const LoweringInfo& reduce_sum_square_lowering() {
  static const LoweringInfo info{"ReduceSumSquare", "", kSummary, lower};
  return info;
}

}  // namespace kerf::formats::onnx
