// Throughput of the loops that every weight passes through: choosing parameters, encoding, dequantizing, float
// conversion. Items are weights; one thread.
#include <cstring>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "codec/block_codec.h"
#include "codec/float_codec.h"
#include "codec/grid.h"
#include "core/random.h"

namespace {

using namespace kerf;
using namespace kerf::codec;

constexpr std::int64_t kRows = 16, kCols = 4096;  // 256 KiB of floats: stays in the second-level cache

std::vector<float> random_weights() {
  Random random(1);
  std::vector<float> weights(static_cast<std::size_t>(kRows * kCols));
  for (float& weight : weights) {
    weight = static_cast<float>(random.uniform() + random.uniform() + random.uniform() - 1.5) * 0.02F;
  }
  return weights;
}

void quantize(const Grid& grid, const std::vector<float>& weights, QuantizedTensor& tensor, float* values_out) {
  const std::int64_t width = tensor.scheme.group_width(tensor.cols);
  bool overflow = false;
  for (std::int64_t at = 0, group = 0; at < tensor.rows * tensor.cols; at += width, ++group) {
    const auto count = static_cast<std::size_t>(width);
    const std::span<const float> values(weights.data() + at, count);
    const GroupParams params = grid.fit(values, overflow);
    set_params(tensor, group, params);
    const std::span<float> out = values_out == nullptr ? std::span<float>() : std::span(values_out + at, count);
    grid.encode_run(values, params, {tensor.codes.data() + at, count}, out);
  }
  benchmark::DoNotOptimize(overflow);
}

void count_weights(benchmark::State& state) { state.SetItemsProcessed(state.iterations() * kRows * kCols); }

void fit_and_encode(benchmark::State& state, const std::string& name, bool want_values) {
  const std::vector<float> weights = random_weights();
  std::vector<float> values(weights.size());
  QuantizedTensor tensor = make_quantized(parse_scheme(name), kRows, kCols);
  const auto grid = make_grid(tensor.scheme);
  for (auto _ : state) {
    quantize(*grid, weights, tensor, want_values ? values.data() : nullptr);
    benchmark::ClobberMemory();
  }
  count_weights(state);
}

void dequantize(benchmark::State& state, const std::string& name) {
  std::vector<float> weights = random_weights();
  QuantizedTensor tensor = make_quantized(parse_scheme(name), kRows, kCols);
  quantize(*make_grid(tensor.scheme), weights, tensor, nullptr);
  for (auto _ : state) {
    dequantize_rows(tensor, 0, kRows, weights.data());
    benchmark::ClobberMemory();
  }
  count_weights(state);
}

void encode_blocks(benchmark::State& state, const BlockCodec* codec) {
  QuantizedTensor tensor = make_quantized(parse_scheme(codec->scheme_name), kRows, kCols);
  quantize(*make_grid(tensor.scheme), random_weights(), tensor, nullptr);
  const auto row_bytes = static_cast<std::size_t>(kCols / codec->block_size * codec->block_bytes);
  std::vector<std::byte> bytes(row_bytes);
  for (auto _ : state) {
    for (std::int64_t row = 0; row < kRows; ++row) codec->encode_row(tensor, row, bytes);
    benchmark::ClobberMemory();
  }
  count_weights(state);
}

void decode_blocks(benchmark::State& state, const BlockCodec* codec) {
  QuantizedTensor tensor = make_quantized(parse_scheme(codec->scheme_name), kRows, kCols);
  const std::vector<std::byte> bytes(static_cast<std::size_t>(kCols / codec->block_size * codec->block_bytes));
  for (auto _ : state) {
    for (std::int64_t row = 0; row < kRows; ++row) codec->decode_row(bytes, row, tensor);
    benchmark::ClobberMemory();
  }
  count_weights(state);
}

void decode_dtype(benchmark::State& state, DType dtype) {
  std::vector<float> values = random_weights();
  const std::vector<std::byte> bytes(values.size() * dtype_bytes(dtype), std::byte{0x35});
  for (auto _ : state) {
    decode_floats(dtype, bytes, values);
    benchmark::ClobberMemory();
  }
  count_weights(state);
}

void encode_dtype(benchmark::State& state, DType dtype) {
  const std::vector<float> values = random_weights();
  std::vector<std::byte> bytes(values.size() * dtype_bytes(dtype));
  for (auto _ : state) {
    encode_floats(dtype, values, bytes);
    benchmark::ClobberMemory();
  }
  count_weights(state);
}

void register_all() {
  for (const std::string name : {"int8", "int8-g32", "int8-g32-asym", "int4-g32", "int4-g32-asym", "int4-g32-min",
                                 "int4-g128", "int4-g128-asym", "int4-g128-min"}) {
    benchmark::RegisterBenchmark(("fit_and_encode/" + name).c_str(), fit_and_encode, name, false);
    benchmark::RegisterBenchmark(("fit_and_encode_with_values/" + name).c_str(), fit_and_encode, name, true);
    benchmark::RegisterBenchmark(("dequantize/" + name).c_str(), dequantize, name);
  }
  for (const BlockCodec* codec : block_codecs()) {
    benchmark::RegisterBenchmark(("encode_blocks/" + std::string(codec->name)).c_str(), encode_blocks, codec);
    benchmark::RegisterBenchmark(("decode_blocks/" + std::string(codec->name)).c_str(), decode_blocks, codec);
  }
  for (const DType dtype : {DType::kF64, DType::kF16, DType::kBF16, DType::kF8E4M3, DType::kF8E5M2}) {
    benchmark::RegisterBenchmark(("decode/" + std::string(dtype_name(dtype))).c_str(), decode_dtype, dtype);
  }
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    benchmark::RegisterBenchmark(("encode/" + std::string(dtype_name(dtype))).c_str(), encode_dtype, dtype);
  }
}

}  // namespace

int main(int argc, char** argv) {
  register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
}
