#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codec/activation.h"
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

/// How a linear module is quantized: its weight, and what it multiplies.
struct ModuleScheme {
  ModuleScheme(codec::Scheme weight_scheme, std::optional<codec::ActivationScheme> activation_scheme = std::nullopt)
      : weights(std::move(weight_scheme)), activations(std::move(activation_scheme)) {}
  codec::Scheme weights;
  std::optional<codec::ActivationScheme> activations;  ///< of its input; nullopt: as it comes
};

/// Quantizers of modules' inputs by the name of their weight.
using ActivationMap = std::map<std::string, std::shared_ptr<const codec::ActivationQuantizer>>;

/// What a layout's quantization_config says of a model. Modules are named as in PyTorch: the weight is NAME.weight.
struct LayoutModules {
  struct Quantized {
    std::string name;
    ModuleScheme scheme;
    bool head = false;  ///< the one that makes logits
  };
  std::vector<Quantized> quantized;
  /// Linear modules that keep floating-point weights ("lm_head").
  std::vector<std::string> unquantized;
};

/// One way of storing quantized linear modules as named tensors and a "quantization_config" in config.json;
/// formats/safetensors/layouts/layouts.def lists them all. Weights are [out, in]; see `conv1d` for modules that store
/// the transpose.
struct LayoutInfo {
  std::string_view name;     ///< "compressed-tensors"
  std::string_view summary;  ///< one line for help and docs

  /// Why the layout cannot hold a weight [rows, cols] of that scheme exactly, in one sentence; nullopt if it can. Plain
  /// floats need no layout: schemes that are not quantized are held.
  std::optional<std::string> (*refusal)(const ModuleScheme& scheme, std::int64_t rows, std::int64_t cols);
  // The next three are null where the layout is only read: refusal() then accepts no quantized scheme.
  /// The tensors that encode() gives, without data. The scheme is one that refusal() accepts.
  std::vector<TensorPlan> (*plan)(std::string_view module, const ModuleScheme& scheme, std::int64_t rows,
                                  std::int64_t cols);
  /// A weight, and the quantizer of its input (null: as it comes), as the layout's tensors. Error(kInput) if a scale is
  /// not finite or not exact in its dtype.
  std::vector<EncodedTensor> (*encode)(std::string_view module, const codec::QuantizedTensor& weight,
                                       const codec::ActivationQuantizer* input);
  /// The quantization_config.
  Json (*config)(const LayoutModules& modules);
  /// All tensors of a model whose config.json has the quantization_config `config`: a quantized module's weight under
  /// its plain name NAME.weight, with read_quantized(); the others as they are. Reads headers and what is needed to
  /// check them; values are read by the sources. Error(kInput) naming file and tensor if anything disagrees.
  graph::SourceMap (*decode)(const JsonCursor& config, const StoredTensors& tensors);
  /// How the config says that inputs are rounded; errors as decode(). Null where kerf computes with them as they come.
  ActivationMap (*activations)(const JsonCursor& config, const StoredTensors& tensors) = nullptr;

  std::string_view method = "";  ///< the value of quant_method; empty: the name
  /// Modules that store the transpose (Conv1D) are held as linear ones are. Otherwise they are for the caller to
  /// refuse.
  bool conv1d = false;
  bool embeddings = false;  ///< embeddings are held too
  /// The module whose tensors are those of all experts of a layer, one behind the other along a new first axis, for the
  /// module of one expert's matrix. Null: each stands under its own name.
  std::string (*stack)(std::string_view module) = nullptr;
  /// Where config() stands in config.json; the first is where it is read.
  std::vector<std::string_view> config_keys = {"quantization_config"};
  std::string_view config_file = "";  ///< another file with a copy of it
};

const std::vector<const LayoutInfo*>& layouts();
/// nullptr if there is none of that name.
const LayoutInfo* find_layout(std::string_view name);
/// The first with that quant_method; nullptr if there is none.
const LayoutInfo* find_layout_of(std::string_view method);
/// All values of quant_method, each once.
std::vector<std::string> layout_methods();

/// For X(name) in the list, a function name_layout() that the layout's own file defines.
#define X(name) const LayoutInfo& name##_layout();
#include "formats/safetensors/layouts/layouts.def"
#undef X

}  // namespace kerf::formats::safetensors
