#include "emit/float_stream.h"

#include <vector>

#include <gtest/gtest.h>

#include "codec/float_codec.h"
#include "tests/support/random_tensor.h"

namespace kerf::emit {
namespace {

/// More than a slab of rows, and a last one that is shorter.
TEST(FloatStream, ValuesComeInOrderWhateverTheSlabs) {
  const Tensor values = test::random_normal({70001, 3}, 7);
  const auto source = graph::make_memory_source(values, "values");
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    std::vector<std::byte> streamed, expected(static_cast<std::size_t>(values.size()) * dtype_bytes(dtype));
    stream_floats(*source, dtype,
                  [&](std::span<const std::byte> part) { streamed.insert(streamed.end(), part.begin(), part.end()); });
    codec::encode_floats(dtype, values.values<float>(), expected);
    EXPECT_EQ(streamed, expected);
  }
}

}  // namespace
}  // namespace kerf::emit
