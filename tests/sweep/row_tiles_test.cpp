#include "sweep/row_tiles.h"

#include <gtest/gtest.h>

#include "tests/support/golden_model.h"
#include "tests/support/random_tensor.h"

namespace kerf::sweep {
namespace {

TEST(RowTiles, RowsComeAndGoBack) {
  const Tensor x = test::random_normal({1, 7, 3}, 1);
  const Tensor part = rows_of(x, 2, 4);
  ASSERT_EQ(part.shape(), (Shape{1, 4, 3}));
  EXPECT_EQ(part.data<float>()[0], x.data<float>()[6]);
  Tensor back = Tensor::zeros(DType::kF32, {1, 7, 3});
  put_rows(part, back, 2);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(back.data<float>()[i], i >= 6 && i < 18 ? x.data<float>()[i] : 0.0F);
  }
}

TEST(RowTiles, AHeadGoesByRowsAndAttentionDoesNot) {
  const test::GoldenModel golden("llama");
  const auto& blocks = golden.walker.plan().blocks;
  const auto windows = golden.windows(1, 8, 1);
  Stream stream(windows, std::make_shared<Budget>(std::uint64_t{1} << 28, "/tmp"));
  // The first block has the embedding and the first attention, the third the next attention.
  golden.walker.advance(stream, blocks[1].end, nullptr, nullptr);
  const Program attention = golden.walker.program(stream, blocks[2].end, blocks[2].live_out);
  EXPECT_FALSE(goes_by_rows(attention, stream.load(0)));
  golden.walker.advance(stream, blocks.back().begin, nullptr, nullptr);
  const graph::ValueId output = *golden.built.graph.find_output("logits");
  const Program head = golden.walker.program(stream, blocks.back().end, {&output, 1});
  EXPECT_TRUE(goes_by_rows(head, stream.load(0)));
}

}  // namespace
}  // namespace kerf::sweep
