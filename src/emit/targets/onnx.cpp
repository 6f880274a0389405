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
    .default_scheme = "int4-g32",
    .folded_dtype = folded_dtype,
    .plan = plan_onnx_export,
    .options = {{.name = "onnx-kind",
                 .value = "KIND",
                 .summary = "how codes are held: MatMulNBits, DequantizeLinear, dynamic or static rounding of inputs",
                 .initial = "matmulnbits, or static with --activations",
                 .values = {"matmulnbits", "qdq", "dynamic", "static"}},
                {.name = "accuracy-level",
                 .value = "N",
                 .summary = "MatMulNBits computes in 1: f32, 2: f16, 3: bf16, 4: int8",
                 .initial = "the runtime's choice",
                 .values = {"0", "1", "2", "3", "4"}},
                {.name = "external-data",
                 .value = "WHEN",
                 .summary = "weights beside the file, in OUT.data: auto (above 2 GiB) or always",
                 .initial = "auto",
                 .values = {"auto", "always"}}},
};

}  // namespace kerf::emit
