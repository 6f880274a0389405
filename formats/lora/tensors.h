#pragma once

#include <map>
#include <optional>
#include <string>

#include "formats/safetensors/reader.h"

namespace kerf::formats::lora {

/// The low-rank matrices of one module, by their part in B A: `down` is A [rank, in], `up` is B [out, rank]; of an
/// embedding [rows, width] A is [rank, rows], B [width, rank].
struct Module {
  std::optional<safetensors::StoredTensor> down, up;
  std::optional<safetensors::StoredTensor> magnitude;  ///< [out], of DoRA
  bool is_embedding = false;
};

/// An adapter_model.safetensors, its names taken apart.
struct Tensors {
  std::map<std::string, Module> modules;                   ///< by the module's name in the model
  std::map<std::string, safetensors::StoredTensor> whole;  ///< tensors of the model that are replaced
};

/// Names are "base_model.model." + the model's own, then lora_A.weight, lora_B.weight, lora_embedding_A,
/// lora_embedding_B, lora_magnitude_vector, each with or without an adapter's name; base_layer and modules_to_save are
/// left out. Error(kInput) naming the tensor if it is none of these, twice, or half of a pair.
Tensors sort_tensors(const safetensors::StoredTensors& stored);

}  // namespace kerf::formats::lora
