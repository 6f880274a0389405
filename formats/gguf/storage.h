#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "codec/block_codec.h"
#include "codec/quantized_tensor.h"
#include "codec/scheme.h"
#include "formats/gguf/ggml_types.h"

namespace kerf::formats::gguf {

/// How a file holds a tensor exactly.
struct Storage {
  const GgmlType* type = nullptr;
  const codec::BlockCodec* block = nullptr;  ///< nullptr: plain floats of type->dtype
  codec::Scheme scheme;                      ///< as it is stored: the block's, or the float's
};

/// Why a matrix [rows, cols] of this scheme cannot be held exactly, as a sentence; nullopt if it can. Groups that are
/// multiples of a block's (and whole rows, and whole tensors) can: the scale is repeated in every block.
std::optional<std::string> refusal(const codec::Scheme& scheme, std::int64_t rows, std::int64_t cols);
/// The same choice, made; the scheme must not be refused.
Storage storage_for(const codec::Scheme& scheme, std::int64_t rows, std::int64_t cols);

/// The same values under the block's narrower groups: parameters repeated, codes as they were.
codec::QuantizedTensor with_narrower_groups(const codec::QuantizedTensor& tensor, const codec::Scheme& stored);

}  // namespace kerf::formats::gguf
