#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "codec/block_codec.h"
#include "codec/float_codec.h"
#include "codec/grid.h"

namespace kerf::codec {

/// Values in every block of this folder; a scheme with groups of this size has one group a block.
inline constexpr std::int64_t kBlockValues = 32;

// A Block is a struct with exactly the bytes of one block, and
//   void pack(const std::uint8_t* codes, const GroupParams& params);          kBlockValues codes -> this
//   GroupParams unpack(std::uint8_t* codes) const;                            the inverse

template <typename Block>
void encode_block_row(const QuantizedTensor& tensor, std::int64_t row, std::span<std::byte> out) {
  const std::uint8_t* codes = tensor.codes.data() + row * tensor.cols;
  const std::int64_t first = tensor.group_index(row, 0);
  for (std::int64_t i = 0; i < tensor.cols / kBlockValues; ++i) {
    Block block;
    block.pack(codes + i * kBlockValues, get_params(tensor, first + i));
    std::memcpy(out.data() + static_cast<std::size_t>(i) * sizeof(Block), &block, sizeof(Block));
  }
}

template <typename Block>
void decode_block_row(std::span<const std::byte> bytes, std::int64_t row, QuantizedTensor& tensor) {
  std::uint8_t* codes = tensor.codes.data() + row * tensor.cols;
  const std::int64_t first = tensor.group_index(row, 0);
  for (std::int64_t i = 0; i < tensor.cols / kBlockValues; ++i) {
    Block block;
    std::memcpy(&block, bytes.data() + static_cast<std::size_t>(i) * sizeof(Block), sizeof(Block));
    set_params(tensor, first + i, block.unpack(codes + i * kBlockValues));
  }
}

template <typename Block>
constexpr BlockCodec make_block_codec(std::string_view name, std::string_view scheme_name, std::uint32_t ggml_type) {
  return {
      name, scheme_name, ggml_type, kBlockValues, sizeof(Block), "", encode_block_row<Block>, decode_block_row<Block>};
}

/// Low four bits of 32 codes -> 16 bytes: byte j holds code j below code j + 16.
inline void pack_nibbles(const std::uint8_t* codes, std::uint8_t* bytes) {
  for (int j = 0; j < 16; ++j) bytes[j] = static_cast<std::uint8_t>((codes[j] & 15) | (codes[j + 16] & 15) << 4);
}

inline void unpack_nibbles(const std::uint8_t* bytes, std::uint8_t* codes) {
  for (int j = 0; j < 16; ++j) {
    codes[j] = bytes[j] & 15;
    codes[j + 16] = bytes[j] >> 4;
  }
}

/// An f16 scale and the nibbles of 32 codes, of which `kZero` stands for 0.
template <int kZero>
struct NibbleBlock {
  std::uint16_t scale;  ///< f16
  std::uint8_t nibbles[16];

  void pack(const std::uint8_t* codes, const GroupParams& params) {
    scale = f32_to_f16(params.scale);
    pack_nibbles(codes, nibbles);
  }
  GroupParams unpack(std::uint8_t* codes) const {
    unpack_nibbles(nibbles, codes);
    return {f16_to_f32(scale), kZero, 0};
  }
};

/// Fifth bits of 32 codes -> a little-endian word: bit j belongs to code j.
inline void pack_fifth_bits(const std::uint8_t* codes, std::uint8_t* bytes) {
  std::uint32_t word = 0;
  for (int j = 0; j < kBlockValues; ++j) word |= static_cast<std::uint32_t>((codes[j] >> 4) & 1) << j;
  std::memcpy(bytes, &word, sizeof(word));
}

/// Adds them to codes of four bits.
inline void unpack_fifth_bits(const std::uint8_t* bytes, std::uint8_t* codes) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  for (int j = 0; j < kBlockValues; ++j) codes[j] = static_cast<std::uint8_t>(codes[j] | ((word >> j) & 1) << 4);
}

}  // namespace kerf::codec
