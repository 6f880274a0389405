#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "codec/quantized_tensor.h"
#include "codec/scheme.h"

namespace kerf::codec {

/// A storage block of GGUF: its bytes and the scheme whose numbers it holds exactly. src/codec/block_codecs.def lists
/// them; the GGUF format and the scheme names (q8_0, q4_0, ...) pick them up from there.
struct BlockCodec {
  std::string_view name;         ///< "q4_0": also a scheme name, an alias of scheme_name
  std::string_view scheme_name;  ///< "int4-g32"
  std::uint32_t ggml_type;       ///< id in GGUF
  std::int64_t block_size;       ///< values
  std::int64_t block_bytes;
  std::string_view narrower;  ///< the block that GGUF files have for rows that this one does not divide; empty: none
  /// One row of codes and parameters -> bytes. `out` holds cols / block_size blocks.
  void (*encode_row)(const QuantizedTensor& tensor, std::int64_t row, std::span<std::byte> out);
  /// The inverse; fills the row of a tensor made by make_quantized.
  void (*decode_row)(std::span<const std::byte> bytes, std::int64_t row, QuantizedTensor& tensor);
};

const std::vector<const BlockCodec*>& block_codecs();
/// nullptr if no block holds exactly what the scheme stores (scale dtype included).
const BlockCodec* find_block_codec(const Scheme& scheme);
const BlockCodec* find_block_codec(std::uint32_t ggml_type);
/// The scheme itself if its block divides rows of `cols` values, or it has none; else that of the narrower block, or
/// f16 where there is none that divides them: what llama.cpp takes in its place.
Scheme scheme_for_rows(const Scheme& scheme, std::int64_t cols);

}  // namespace kerf::codec
