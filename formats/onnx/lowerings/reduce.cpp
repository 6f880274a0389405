#include "formats/onnx/lowering.h"

namespace kerf::formats::onnx {
namespace {

/// Axes are an input since opset 18 (of ReduceSum since 13).
template <const char* name>
std::vector<ValueIndex> lower(Emitter& emitter, const Call& call) {
  graph::Attributes attributes;
  for (const auto& [key, value] : call.attributes.entries()) {
    if (key != "axes") attributes.set(key, value);
  }
  std::vector<ValueIndex> inputs = call.inputs;
  const auto axes = call.attributes.ints_or("axes", {});
  if (!axes.empty() && inputs.size() == 1) inputs.push_back(emitter.integers(axes));
  return {emitter.node(name, inputs, attributes)};
}

}  // namespace

#define KERF_REDUCTION(function, operator_name)                                                      \
  namespace {                                                                                        \
  constexpr char function##_name[] = operator_name;                                                  \
  }                                                                                                  \
  const LoweringInfo& function##_lowering() {                                                        \
    static const LoweringInfo info{function##_name, "", "axes as an input", lower<function##_name>}; \
    return info;                                                                                     \
  }

KERF_REDUCTION(reduce_l1, "ReduceL1")
KERF_REDUCTION(reduce_l2, "ReduceL2")
KERF_REDUCTION(reduce_log_sum, "ReduceLogSum")
KERF_REDUCTION(reduce_log_sum_exp, "ReduceLogSumExp")
KERF_REDUCTION(reduce_max, "ReduceMax")
KERF_REDUCTION(reduce_mean, "ReduceMean")
KERF_REDUCTION(reduce_min, "ReduceMin")
KERF_REDUCTION(reduce_prod, "ReduceProd")
KERF_REDUCTION(reduce_sum, "ReduceSum")
KERF_REDUCTION(reduce_sum_square, "ReduceSumSquare")
#undef KERF_REDUCTION

}  // namespace kerf::formats::onnx
