#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/quantized_tensor.h"
#include "codec/scheme.h"
#include "core/json.h"
#include "formats/safetensors/reader.h"
#include "formats/safetensors/writer.h"
#include "graph/tensor_source.h"

namespace kerf::formats::safetensors {

/// A tensor of a layout with its bytes.
struct EncodedTensor {
  TensorPlan plan;
  std::vector<std::byte> bytes;
};

/// What a layout's quantization_config says of a model. Modules are named as in PyTorch: the weight is NAME.weight.
struct LayoutModules {
  struct Quantized {
    std::string name;
    codec::Scheme scheme;
  };
  std::vector<Quantized> quantized;
  /// Linear modules that keep floating-point weights ("lm_head").
  std::vector<std::string> unquantized;
};

/// One way of storing quantized linear modules as named tensors and a "quantization_config" in config.json;
/// formats/safetensors/layouts/layouts.def lists them all. Weights are [out, in]: a module that stores the transpose
/// (Conv1D) is no linear module, and for the caller to refuse.
struct LayoutInfo {
  std::string_view name;     ///< also the value of quant_method: "compressed-tensors"
  std::string_view summary;  ///< one line for help and docs

  /// Why the layout cannot hold a weight [rows, cols] of that scheme exactly, in one sentence; nullopt if it can. Plain
  /// floats need no layout: schemes that are not quantized are held.
  std::optional<std::string> (*refusal)(const codec::Scheme& scheme, std::int64_t rows, std::int64_t cols);
  // The next three are null where the layout is only read: refusal() then accepts no quantized scheme.
  /// The tensors that encode() gives, without data. The scheme is one that refusal() accepts.
  std::vector<TensorPlan> (*plan)(std::string_view module, const codec::Scheme& scheme, std::int64_t rows,
                                  std::int64_t cols);
  /// A weight as the layout's tensors. Error(kInput) if a scale is not finite or not exact in its dtype.
  std::vector<EncodedTensor> (*encode)(std::string_view module, const codec::QuantizedTensor& weight);
  /// The quantization_config.
  Json (*config)(const LayoutModules& modules);
  /// All tensors of a model whose config.json has the quantization_config `config`: a quantized module's weight under
  /// its plain name NAME.weight, with read_quantized(); the others as they are. Reads headers and what is needed to
  /// check them; values are read by the sources. Error(kInput) naming file and tensor if anything disagrees.
  graph::SourceMap (*decode)(const JsonCursor& config, const StoredTensors& tensors);
};

const std::vector<const LayoutInfo*>& layouts();
/// nullptr if there is none of that name.
const LayoutInfo* find_layout(std::string_view name);
std::vector<std::string> layout_names();

/// For X(name) in the list, a function name_layout() that the layout's own file defines.
#define X(name) const LayoutInfo& name##_layout();
#include "formats/safetensors/layouts/layouts.def"
#undef X

}  // namespace kerf::formats::safetensors
