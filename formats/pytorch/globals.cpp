#include "formats/pytorch/globals.h"

#include <algorithm>
#include <array>

namespace kerf::formats::pytorch {
namespace {

/// All that a pickle may name. Nothing is called: a name stands for the data that PyTorch would build with it.
constexpr Global kGlobals[] = {
    {Meaning::kOrderedDict, "collections", "OrderedDict"},
    {Meaning::kRebuildTensor, "torch._utils", "_rebuild_tensor"},
    {Meaning::kRebuildTensor, "torch._utils", "_rebuild_tensor_v2"},
    {Meaning::kRebuildTensorOfDtype, "torch._utils", "_rebuild_tensor_v3"},
    {Meaning::kRebuildParameter, "torch._utils", "_rebuild_parameter"},
    {Meaning::kRebuildParameter, "torch._utils", "_rebuild_parameter_with_state"},
    {Meaning::kRebuildParameter, "torch.nn.parameter", "Parameter"},
    {Meaning::kSize, "torch", "Size"},
    {Meaning::kStorage, "torch", "DoubleStorage", DType::kF64},
    {Meaning::kStorage, "torch", "FloatStorage", DType::kF32},
    {Meaning::kStorage, "torch", "HalfStorage", DType::kF16},
    {Meaning::kStorage, "torch", "BFloat16Storage", DType::kBF16},
    {Meaning::kStorage, "torch", "LongStorage", DType::kI64},
    {Meaning::kStorage, "torch", "IntStorage", DType::kI32},
    {Meaning::kStorage, "torch", "ShortStorage", DType::kI16},
    {Meaning::kStorage, "torch", "CharStorage", DType::kI8},
    {Meaning::kStorage, "torch", "ByteStorage", DType::kU8},
    {Meaning::kStorage, "torch", "BoolStorage", DType::kBool},
    {Meaning::kStorage, "torch", "UntypedStorage", DType::kU8},
    {Meaning::kStorage, "torch.storage", "UntypedStorage", DType::kU8},
    {Meaning::kDtype, "torch", "float64", DType::kF64},
    {Meaning::kDtype, "torch", "float32", DType::kF32},
    {Meaning::kDtype, "torch", "float16", DType::kF16},
    {Meaning::kDtype, "torch", "bfloat16", DType::kBF16},
    {Meaning::kDtype, "torch", "float8_e4m3fn", DType::kF8E4M3},
    {Meaning::kDtype, "torch", "float8_e5m2", DType::kF8E5M2},
    {Meaning::kDtype, "torch", "float8_e8m0fnu", DType::kE8M0},
    {Meaning::kDtype, "torch", "int64", DType::kI64},
    {Meaning::kDtype, "torch", "int32", DType::kI32},
    {Meaning::kDtype, "torch", "int16", DType::kI16},
    {Meaning::kDtype, "torch", "int8", DType::kI8},
    {Meaning::kDtype, "torch", "uint64", DType::kU64},
    {Meaning::kDtype, "torch", "uint32", DType::kU32},
    {Meaning::kDtype, "torch", "uint16", DType::kU16},
    {Meaning::kDtype, "torch", "uint8", DType::kU8},
    {Meaning::kDtype, "torch", "bool", DType::kBool},
};

}  // namespace

const Global* find_global(std::string_view module, std::string_view name) {
  const auto* found = std::find_if(std::begin(kGlobals), std::end(kGlobals),
                                   [&](const Global& g) { return g.module == module && g.name == name; });
  return found == std::end(kGlobals) ? nullptr : found;
}

}  // namespace kerf::formats::pytorch
