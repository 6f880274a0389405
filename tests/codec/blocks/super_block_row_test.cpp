// The blocks of 256 weights, against decoders written out here from the description of ggml's formats: for random bytes
// (all of which are valid blocks) each weight must have exactly the value that ggml's own loops give it, and the bytes
// must come back.
#include "codec/blocks/super_block_row.h"

#include <array>
#include <bit>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "tests/codec/quantize.h"

namespace kerf::codec {
namespace {

using Bytes = std::vector<std::uint8_t>;
using Values = std::array<float, 256>;

float f16_at(const Bytes& bytes, std::size_t at) {
  return f16_to_f32(static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8));
}

struct Pair {
  int scale, minimum;
};

/// ggml-quants.c, get_scale_min_k4: k points to the 12 bytes.
Pair six_bit_pair(int j, const std::uint8_t* k) {
  if (j < 4) return {k[j] & 63, k[j + 4] & 63};
  return {(k[j + 4] & 0xF) | (k[j - 4] >> 6) << 4, (k[j + 4] >> 4) | (k[j] >> 6) << 4};
}

Values decode_q4_k(const Bytes& b) {
  Values y{};
  const float d = f16_at(b, 0), dmin = f16_at(b, 2);
  for (int j = 0; j < 256; ++j) {
    const int pair = j / 64, within = j % 64, l = within % 32;
    const std::uint8_t byte = b[static_cast<std::size_t>(16 + pair * 32 + l)];
    const int q = within < 32 ? byte & 0xF : byte >> 4;
    const auto [sc, m] = six_bit_pair(j / 32, b.data() + 4);
    const float d1 = d * static_cast<float>(sc), m1 = dmin * static_cast<float>(m);
    y[static_cast<std::size_t>(j)] = d1 * static_cast<float>(q) - m1;
  }
  return y;
}

Values decode_q5_k(const Bytes& b) {
  Values y{};
  const float d = f16_at(b, 0), dmin = f16_at(b, 2);
  for (int j = 0; j < 256; ++j) {
    const int pair = j / 64, within = j % 64, l = within % 32;
    const std::uint8_t byte = b[static_cast<std::size_t>(48 + pair * 32 + l)];
    const std::uint8_t high = b[static_cast<std::size_t>(16 + l)];
    const int bit = within < 32 ? 1 << (2 * pair) : 2 << (2 * pair);
    const int q = (within < 32 ? byte & 0xF : byte >> 4) + ((high & bit) != 0 ? 16 : 0);
    const auto [sc, m] = six_bit_pair(j / 32, b.data() + 4);
    const float d1 = d * static_cast<float>(sc), m1 = dmin * static_cast<float>(m);
    y[static_cast<std::size_t>(j)] = d1 * static_cast<float>(q) - m1;
  }
  return y;
}

Values decode_q6_k(const Bytes& b) {
  Values y{};
  const float d = f16_at(b, 208);
  for (int half = 0; half < 2; ++half) {
    const std::uint8_t* ql = b.data() + half * 64;
    const std::uint8_t* qh = b.data() + 128 + half * 32;
    const std::uint8_t* sc = b.data() + 192 + half * 8;
    for (int l = 0; l < 32; ++l) {
      const int is = l / 16;
      const std::array<int, 4> q = {
          ((ql[l] & 0xF) | (qh[l] >> 0 & 3) << 4) - 32, ((ql[l + 32] & 0xF) | (qh[l] >> 2 & 3) << 4) - 32,
          ((ql[l] >> 4) | (qh[l] >> 4 & 3) << 4) - 32, ((ql[l + 32] >> 4) | (qh[l] >> 6 & 3) << 4) - 32};
      for (int part = 0; part < 4; ++part) {
        const auto scale = static_cast<float>(static_cast<std::int8_t>(sc[is + 2 * part]));
        y[static_cast<std::size_t>(half * 128 + part * 32 + l)] =
            d * scale * static_cast<float>(q[static_cast<std::size_t>(part)]);
      }
    }
  }
  return y;
}

Values decode_q2_k(const Bytes& b) {
  Values y{};
  const float d = f16_at(b, 80), dmin = f16_at(b, 82);
  for (int j = 0; j < 256; ++j) {
    const int half = j / 128, shift = 2 * (j % 128 / 32), l = j % 32;
    const int q = b[static_cast<std::size_t>(16 + half * 32 + l)] >> shift & 3;
    const std::uint8_t sc = b[static_cast<std::size_t>(j / 16)];
    const float dl = d * static_cast<float>(sc & 0xF), ml = dmin * static_cast<float>(sc >> 4);
    y[static_cast<std::size_t>(j)] = dl * static_cast<float>(q) - ml;
  }
  return y;
}

Values decode_q3_k(const Bytes& b) {
  // The scales, as ggml shuffles them: four words of four bytes.
  std::array<std::uint32_t, 4> aux{};
  for (std::size_t i = 0; i < 12; ++i) aux[i / 4] |= static_cast<std::uint32_t>(b[96 + i]) << (8 * (i % 4));
  constexpr std::uint32_t kmask1 = 0x03030303, kmask2 = 0x0f0f0f0f;
  const std::uint32_t tmp = aux[2];
  aux[2] = ((aux[0] >> 4) & kmask2) | (((tmp >> 4) & kmask1) << 4);
  aux[3] = ((aux[1] >> 4) & kmask2) | (((tmp >> 6) & kmask1) << 4);
  aux[0] = (aux[0] & kmask2) | (((tmp >> 0) & kmask1) << 4);
  aux[1] = (aux[1] & kmask2) | (((tmp >> 2) & kmask1) << 4);
  Values y{};
  const float d = f16_at(b, 108);
  for (int j = 0; j < 256; ++j) {
    const int half = j / 128, shift = 2 * (j % 128 / 32), l = j % 32;
    const auto group = static_cast<std::size_t>(j / 16);
    const int scale = static_cast<int>(aux[group / 4] >> (8 * (group % 4)) & 0xff) - 32;
    const bool high = (b[static_cast<std::size_t>(l)] & (1 << (j / 32))) != 0;
    const int q = (b[static_cast<std::size_t>(32 + half * 32 + l)] >> shift & 3) - (high ? 0 : 4);
    const float dl = d * static_cast<float>(scale);
    y[static_cast<std::size_t>(j)] = dl * static_cast<float>(q);
  }
  return y;
}

constexpr std::array<int, 16> kIq4 = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

Values decode_iq4_xs(const Bytes& b) {
  Values y{};
  const float d = f16_at(b, 0);
  const int scales_h = b[2] | b[3] << 8;
  for (int j = 0; j < 256; ++j) {
    const int ib = j / 32, l = j % 32;
    const int ls = (b[static_cast<std::size_t>(4 + ib / 2)] >> 4 * (ib % 2) & 0xf) | (scales_h >> 2 * ib & 3) << 4;
    const std::uint8_t byte = b[static_cast<std::size_t>(8 + ib * 16 + l % 16)];
    const float dl = d * static_cast<float>(ls - 32);
    y[static_cast<std::size_t>(j)] =
        dl * static_cast<float>(kIq4[static_cast<std::size_t>(l < 16 ? byte & 0xf : byte >> 4)]);
  }
  return y;
}

struct Case {
  const char* name;
  std::size_t bytes;
  std::vector<std::size_t> halves;  ///< where f16 numbers are
  Values (*decode)(const Bytes& bytes);
};
void PrintTo(const Case& value, std::ostream* out) { *out << value.name; }

class SuperBlocks : public testing::TestWithParam<Case> {
 protected:
  /// Anything, but the f16 numbers are small and finite.
  Bytes random_block(Random& random) const {
    Bytes bytes(GetParam().bytes);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    for (const std::size_t at : GetParam().halves) {
      const std::uint16_t half = f32_to_f16(static_cast<float>(random.uniform() - 0.25) * 0.01F);
      bytes[at] = static_cast<std::uint8_t>(half & 0xff);
      bytes[at + 1] = static_cast<std::uint8_t>(half >> 8);
    }
    return bytes;
  }
};

TEST_P(SuperBlocks, DecodesAsGgmlDoesAndGivesTheBytesBack) {
  const Scheme scheme = parse_scheme(GetParam().name);
  const BlockCodec* codec = find_block_codec(scheme);
  ASSERT_NE(codec, nullptr);
  ASSERT_EQ(codec->block_bytes, static_cast<std::int64_t>(GetParam().bytes));
  Random random(7);
  for (int i = 0; i < 200; ++i) {
    const Bytes first = random_block(random), second = random_block(random);
    Bytes both = first;
    both.insert(both.end(), second.begin(), second.end());
    QuantizedTensor tensor = make_quantized(scheme, 2, 512);
    codec->decode_row(std::as_bytes(std::span(both)), 1, tensor);
    Values expected = GetParam().decode(second);
    std::vector<float> row(512);
    dequantize_rows(tensor, 1, 1, row.data());
    for (std::size_t j = 0; j < 256; ++j) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(row[256 + j] + 0.0F), std::bit_cast<std::uint32_t>(expected[j] + 0.0F))
          << j;
    }
    Bytes written(both.size());
    codec->encode_row(tensor, 1, std::as_writable_bytes(std::span(written)));
    ASSERT_EQ(written, both);
  }
}

INSTANTIATE_TEST_SUITE_P(All, SuperBlocks,
                         testing::Values(Case{"q2_k", 84, {80, 82}, decode_q2_k}, Case{"q3_k", 110, {108}, decode_q3_k},
                                         Case{"q4_k", 144, {0, 2}, decode_q4_k}, Case{"q5_k", 176, {0, 2}, decode_q5_k},
                                         Case{"q6_k", 210, {208}, decode_q6_k},
                                         Case{"iq4_xs", 136, {0}, decode_iq4_xs}),
                         [](const auto& tested) { return test_name(tested.param.name); });

}  // namespace
}  // namespace kerf::codec
