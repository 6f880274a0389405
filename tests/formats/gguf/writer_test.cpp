#include "formats/gguf/writer.h"

#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/formats/gguf/planned.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats::gguf {
namespace {

using test::expect_error;

TEST(GgufWriter, WritesExactlyThePlannedBytes) {
  const test::TempDir folder;
  for (const char* name : {"llama", "llama-bias", "llama3-rope", "gpt2"}) {
    const Planned planned(name);
    const std::string path = folder / (std::string(name) + ".gguf");
    planned.write(path, 0.5F);
    EXPECT_EQ(InputFile::open(path)->size(), planned.plan().total_bytes());
  }
}

TEST(GgufWriter, RefusesValuesThatAreNotRepresentable) {
  const test::TempDir folder;
  Planned planned("llama");
  expect_error(ErrorCode::kUsage, "tensor 'lm_head.weight': found a value of inf at index 0",
               [&] { planned.write(folder / "x.gguf", std::numeric_limits<float>::infinity()); });
  expect_error(ErrorCode::kUsage, "found a value of nan",
               [&] { planned.write(folder / "x.gguf", std::numeric_limits<float>::quiet_NaN()); });
  planned.write(folder / "x.gguf", 70000.0F);
  planned.tensor("mlp.down_proj").scheme = codec::parse_scheme("f16");
  expect_error(ErrorCode::kUsage,
               "tensor 'model.layers.0.mlp.down_proj.weight': found 70000 at index 0, which f16 cannot hold",
               [&] { planned.write(folder / "y.gguf", 70000.0F); });
  EXPECT_FALSE(path_exists(folder / "y.gguf"));
}

TEST(GgufWriter, RefusesValuesThatAreNotAsPlanned) {
  const test::TempDir folder;
  const auto write = [&](const Planned& planned, const std::function<TensorData(std::size_t)>& data) {
    OutputFile output(folder / "x.gguf");
    write_gguf(planned.plan(), output, data);
  };
  const Planned floats("llama"), codes("llama", "q4_0");
  expect_error(ErrorCode::kUsage, "found the shape [1, 2], expected [160, 64]", [&] {
    write(floats, [](std::size_t) { return Tensor::zeros(DType::kF32, {1, 2}); });
  });
  expect_error(ErrorCode::kUsage, "found codes, expected floats as planned", [&] {
    write(floats, [](std::size_t) { return codec::make_quantized(codec::parse_scheme("q4_0"), 160, 64); });
  });
  expect_error(ErrorCode::kUsage, "found floats, expected codes as planned", [&] {
    write(codes, [&](std::size_t i) { return Tensor::zeros(DType::kF32, codes.tensors[i].shape); });
  });
  expect_error(ErrorCode::kUsage, "found codes of int8-g32", [&] {
    write(codes, [&](std::size_t i) -> TensorData {
      const PlannedTensor& tensor = codes.tensors[i];
      if (!tensor.scheme.quantized()) return Tensor::zeros(DType::kF32, tensor.shape);
      return codec::make_quantized(codec::parse_scheme("q8_0"), tensor.shape[0], tensor.shape[1]);
    });
  });
  expect_error(ErrorCode::kUsage, "found a scale of inf", [&] {
    write(codes, [&](std::size_t i) -> TensorData {
      const PlannedTensor& tensor = codes.tensors[i];
      if (!tensor.scheme.quantized()) return Tensor::zeros(DType::kF32, tensor.shape);
      codec::QuantizedTensor result = codec::make_quantized(tensor.scheme, tensor.shape[0], tensor.shape[1]);
      result.scales[3] = std::numeric_limits<float>::infinity();
      return result;
    });
  });
}

}  // namespace
}  // namespace kerf::formats::gguf
