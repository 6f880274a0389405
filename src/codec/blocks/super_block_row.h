#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "codec/block_codec.h"
#include "codec/float_codec.h"

namespace kerf::codec {

/// Weights in every block of this kind.
inline constexpr std::int64_t kSuperBlockValues = 256;

/// One super-block of a quantized tensor as its parts: what a block's bytes hold.
struct SuperBlockParts {
  std::uint8_t* codes;          ///< [256]
  std::int8_t* scale_codes;     ///< a group each
  std::uint8_t* minimum_codes;  ///< a group each; null without minima
  float* scale;
  float* minimum;  ///< null without minima
};

// A Block is a struct with exactly the bytes of one block, and
//   void pack(const SuperBlockParts& parts);            parts -> this
//   void unpack(const SuperBlockParts& parts) const;    the inverse

inline SuperBlockParts super_block_parts(QuantizedTensor& tensor, std::int64_t row, std::int64_t col) {
  const auto group = static_cast<std::size_t>(tensor.group_index(row, col));
  const auto block = static_cast<std::size_t>(tensor.super_index(row, col));
  const bool minima = tensor.scheme.offset == Offset::kMinimum;
  return {tensor.codes.data() + row * tensor.cols + col, tensor.scale_codes.data() + group,
          minima ? tensor.minimum_codes.data() + group : nullptr, tensor.super_scales.data() + block,
          minima ? tensor.super_minima.data() + block : nullptr};
}

template <typename Block>
void encode_super_row(const QuantizedTensor& tensor, std::int64_t row, std::span<std::byte> out) {
  for (std::int64_t col = 0, i = 0; col < tensor.cols; col += kSuperBlockValues, ++i) {
    Block block{};
    // pack() only reads.
    block.pack(super_block_parts(const_cast<QuantizedTensor&>(tensor), row, col));
    std::memcpy(out.data() + static_cast<std::size_t>(i) * sizeof(Block), &block, sizeof(Block));
  }
}

template <typename Block>
void decode_super_row(std::span<const std::byte> bytes, std::int64_t row, QuantizedTensor& tensor) {
  for (std::int64_t col = 0, i = 0; col < tensor.cols; col += kSuperBlockValues, ++i) {
    Block block;
    std::memcpy(&block, bytes.data() + static_cast<std::size_t>(i) * sizeof(Block), sizeof(Block));
    block.unpack(super_block_parts(tensor, row, col));
    tensor.expand_super_block(row, col);
  }
}

template <typename Block>
constexpr BlockCodec make_super_block_codec(std::string_view name, std::uint32_t ggml_type, std::string_view narrower) {
  return {name,
          name,
          ggml_type,
          kSuperBlockValues,
          sizeof(Block),
          narrower,
          encode_super_row<Block>,
          decode_super_row<Block>};
}

/// Eight pairs of 6-bit numbers in 12 bytes (ggml, get_scale_min_k4): the first four of both whole in the low six bits
/// of bytes 0 to 7; of the other four the low halves in bytes 8 to 11, the high two bits on top of bytes 0 to 7.
inline void pack_six_bit_pairs(const std::int8_t* scales, const std::uint8_t* minima, std::uint8_t* bytes) {
  for (int j = 0; j < 4; ++j) {
    const int s = scales[j + 4], m = minima[j + 4];
    bytes[j] = static_cast<std::uint8_t>(scales[j] | (s >> 4) << 6);
    bytes[j + 4] = static_cast<std::uint8_t>(minima[j] | (m >> 4) << 6);
    bytes[j + 8] = static_cast<std::uint8_t>((s & 15) | (m & 15) << 4);
  }
}

inline void unpack_six_bit_pairs(const std::uint8_t* bytes, std::int8_t* scales, std::uint8_t* minima) {
  for (int j = 0; j < 4; ++j) {
    scales[j] = static_cast<std::int8_t>(bytes[j] & 63);
    minima[j] = bytes[j + 4] & 63;
    scales[j + 4] = static_cast<std::int8_t>((bytes[j + 8] & 15) | (bytes[j] >> 6) << 4);
    minima[j + 4] = static_cast<std::uint8_t>(bytes[j + 8] >> 4 | (bytes[j + 4] >> 6) << 4);
  }
}

/// What blocks with scales and minima of six bits begin with.
struct SixBitHead {
  std::uint16_t scale, minimum;  ///< f16
  std::uint8_t group_codes[12];

  void pack(const SuperBlockParts& parts) {
    scale = f32_to_f16(*parts.scale);
    minimum = f32_to_f16(*parts.minimum);
    pack_six_bit_pairs(parts.scale_codes, parts.minimum_codes, group_codes);
  }
  void unpack(const SuperBlockParts& parts) const {
    *parts.scale = f16_to_f32(scale);
    *parts.minimum = f16_to_f32(minimum);
    unpack_six_bit_pairs(group_codes, parts.scale_codes, parts.minimum_codes);
  }
};

/// Low four bits of 64 codes in 32 bytes: byte i of a run holds code i below code i + 32.
inline void pack_nibble_runs(const std::uint8_t* codes, std::uint8_t* bytes) {
  for (int run = 0; run < 4; ++run) {
    for (int i = 0; i < 32; ++i) {
      bytes[run * 32 + i] =
          static_cast<std::uint8_t>((codes[run * 64 + i] & 15) | (codes[run * 64 + 32 + i] & 15) << 4);
    }
  }
}

inline void unpack_nibble_runs(const std::uint8_t* bytes, std::uint8_t* codes) {
  for (int run = 0; run < 4; ++run) {
    for (int i = 0; i < 32; ++i) {
      codes[run * 64 + i] = bytes[run * 32 + i] & 15;
      codes[run * 64 + 32 + i] = bytes[run * 32 + i] >> 4;
    }
  }
}

/// Two bits of 256 codes in 64 bytes: byte i of each half holds, from its low end, codes i, i + 32, i + 64 and i + 96
/// of that half of the codes.
inline void pack_bit_pairs(const std::uint8_t* codes, std::uint8_t* bytes) {
  for (int half = 0; half < 2; ++half) {
    for (int i = 0; i < 32; ++i) {
      int byte = 0;
      for (int part = 0; part < 4; ++part) byte |= (codes[half * 128 + part * 32 + i] & 3) << (2 * part);
      bytes[half * 32 + i] = static_cast<std::uint8_t>(byte);
    }
  }
}

inline void unpack_bit_pairs(const std::uint8_t* bytes, std::uint8_t* codes) {
  for (int half = 0; half < 2; ++half) {
    for (int i = 0; i < 32; ++i) {
      for (int part = 0; part < 4; ++part) {
        codes[half * 128 + part * 32 + i] = static_cast<std::uint8_t>(bytes[half * 32 + i] >> (2 * part) & 3);
      }
    }
  }
}

}  // namespace kerf::codec
