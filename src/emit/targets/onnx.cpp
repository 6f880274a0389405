#include "emit/target.h"
#include "emit/targets/onnx_export.h"

namespace kerf::emit {
namespace {

DType folded_dtype(DType source_dtype) { return source_dtype; }

}  // namespace

extern const TargetInfo onnx_target;
const TargetInfo onnx_target{
    .name = "onnx",
    .summary = "a graph with its weights, for ONNX Runtime and what reads ONNX",
    .source = "https://github.com/onnx/onnx/blob/main/docs/IR.md",
    .ending = ".onnx",
    .folder = false,
    .default_scheme = "f32",
    .folded_dtype = folded_dtype,
    .plan = plan_onnx_export,
    .options = {{.name = "onnx-data",
                 .value = "WHERE",
                 .summary = "weights inside the file, or beside it in OUT.data (always above 2 GiB)",
                 .initial = "inside",
                 .values = {"inside", "beside"}}},
};

}  // namespace kerf::emit
