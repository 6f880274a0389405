#include <vector>

#include <gtest/gtest.h>

#include "tests/support/op_runner.h"

namespace kerf::ops {
namespace {

/// Counts what is read of it.
class CountingSource final : public graph::TensorSource {
 public:
  explicit CountingSource(Tensor values)
      : TensorSource(DType::kF32, values.shape(), "table"), values_(std::move(values)) {}
  void read_rows(std::int64_t first, std::int64_t count, float* out) const override {
    rows_read += count;
    const float* from = values_.data<float>() + first * row_size();
    std::copy(from, from + count * row_size(), out);
  }
  mutable std::int64_t rows_read = 0;

 private:
  Tensor values_;
};

Tensor gather(const graph::SourcePtr& table, const Tensor& indices, std::int64_t axis) {
  const graph::Node node{
      .op = "Gather", .domain = "", .name = "g", .inputs = {}, .outputs = {}, .attributes = {{"axis", axis}}};
  Operand rows, ids;
  rows.rows = table;
  ids.tensor = indices;
  const Operand* inputs[] = {&rows, &ids};
  std::vector<Tensor> outputs(1);
  KernelContext context(node, inputs, outputs);
  find_op("", "Gather")->run(context);
  return outputs[0];
}

TEST(Gather, ReadsEachRowThatItNeedsOnce) {
  const Tensor values = test::random_tensor({100, 6}, 1);
  const auto table = std::make_shared<CountingSource>(values);
  const Tensor indices = test::tensor_of<std::int64_t>({2, 3}, {7, 0, 99, -1, 7, 50});
  const Tensor found = gather(table, indices, 0);
  EXPECT_EQ(table->rows_read, 4);
  EXPECT_TRUE(test::same_bits(found, test::run_op({.op = "Gather", .inputs = {values, indices}})[0]));
}

TEST(Gather, OtherAxesOfASourceAreReadAsAWhole) {
  const Tensor values = test::random_tensor({5, 6}, 1);
  const Tensor indices = test::tensor_of<std::int64_t>({2}, {4, 1});
  const Tensor found = gather(std::make_shared<CountingSource>(values), indices, 1);
  const graph::Attributes axis{{"axis", std::int64_t{1}}};
  EXPECT_TRUE(
      test::same_bits(found, test::run_op({.op = "Gather", .inputs = {values, indices}, .attributes = axis})[0]));
}

/// Ids are checked when a window is bound; the kernel stays inside its memory whatever comes.
TEST(Gather, IndicesOutsideGiveZeros) {
  const Tensor values = test::random_tensor({3, 2}, 1);
  const Tensor found = gather(std::make_shared<CountingSource>(values), test::tensor_of<std::int64_t>({2}, {3, -4}), 0);
  EXPECT_TRUE(test::same_bits(found, Tensor::zeros(DType::kF32, {2, 2})));
  const graph::Node node{.op = "Gather", .domain = "", .name = "g", .inputs = {}, .outputs = {}, .attributes = {}};
  Operand data, ids;
  data.tensor = values;
  ids.tensor = test::tensor_of<std::int64_t>({1}, {std::int64_t{1} << 62});
  const Operand* inputs[] = {&data, &ids};
  std::vector<Tensor> outputs(1);
  KernelContext context(node, inputs, outputs);
  find_op("", "Gather")->run(context);
  EXPECT_TRUE(test::same_bits(outputs[0], Tensor::zeros(DType::kF32, {1, 2})));
}

}  // namespace
}  // namespace kerf::ops
