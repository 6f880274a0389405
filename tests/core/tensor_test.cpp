#include "core/tensor.h"

#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kerf {
namespace {

Tensor counting(Shape shape) {
  Tensor tensor(DType::kF32, std::move(shape));
  float next = 0;
  for (float& value : tensor.values<float>()) value = next++;
  return tensor;
}

TEST(Tensor, BuffersAreAlignedForEverySize) {
  for (const std::int64_t size : {0, 1, 3, 16, 17, 1000}) {
    const Tensor tensor(DType::kU8, {size});
    EXPECT_TRUE(tensor.defined());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.raw()) % 64, 0U) << size;
  }
}

TEST(Tensor, KnowsItsSizeInElementsAndBytes) {
  const Tensor tensor(DType::kI64, {2, 3, 5});
  EXPECT_EQ(tensor.size(), 30);
  EXPECT_EQ(tensor.bytes(), 240U);
  EXPECT_EQ(tensor.rank(), 3U);
  EXPECT_EQ(tensor.dim(1), 3);
  EXPECT_EQ(Tensor(DType::kF32, {}).size(), 1);
  EXPECT_EQ(Tensor(DType::kF32, {4, 0}).bytes(), 0U);
}

TEST(Tensor, NoneIsNotDefined) {
  const Tensor none;
  EXPECT_FALSE(none.defined());
  EXPECT_EQ(none.size(), 0);
  EXPECT_EQ(none.bytes(), 0U);
  EXPECT_FALSE(none.clone().defined());
}

TEST(Tensor, ZerosAreZero) {
  EXPECT_THAT(Tensor::zeros(DType::kI32, {100}).values<std::int32_t>(), testing::Each(0));
  EXPECT_EQ(Tensor::zeros(DType::kF32, {0, 3}).size(), 0);
}

TEST(Tensor, CopiesAndReshapesShareTheBuffer) {
  const Tensor tensor = counting({2, 6});
  const Tensor copy = tensor, reshaped = tensor.reshaped({3, 4});
  EXPECT_EQ(copy.raw(), tensor.raw());
  EXPECT_EQ(reshaped.raw(), tensor.raw());
  EXPECT_EQ(reshaped.shape(), (Shape{3, 4}));
  EXPECT_EQ(tensor.shape(), (Shape{2, 6}));
  EXPECT_EQ(counting({1}).reshaped({}).rank(), 0U);
}

TEST(Tensor, ACloneHasABufferOfItsOwn) {
  const Tensor tensor = counting({5});
  Tensor clone = tensor.clone();
  clone.data<float>()[0] = 100;
  EXPECT_THAT(tensor.values<float>(), testing::ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(clone.values<float>(), testing::ElementsAre(100, 1, 2, 3, 4));
}

TEST(Tensor, ABufferLivesAsLongAsItsLastUser) {
  Tensor reshaped;
  {
    const Tensor tensor = counting({2, 2});
    reshaped = tensor.reshaped({4});
  }
  EXPECT_THAT(reshaped.values<float>(), testing::ElementsAre(0, 1, 2, 3));
}

TEST(Tensor, AnotherNumberOfElementsIsNoReshape) {
  EXPECT_THROW(counting({2, 3}).reshaped({5}), std::logic_error);
  EXPECT_THROW(counting({0}).reshaped({}), std::logic_error);
}

TEST(Tensor, AnotherTypeIsNoAccess) {
  const Tensor tensor(DType::kI32, {2});
  EXPECT_THROW(tensor.data<float>(), std::logic_error);
  EXPECT_THROW(tensor.values<std::int64_t>(), std::logic_error);
  EXPECT_NO_THROW(tensor.values<std::int32_t>());
  // Halves are stored as 16 bits, but are no integers.
  EXPECT_THROW(Tensor(DType::kF16, {2}).data<std::uint16_t>(), std::logic_error);
}

TEST(Tensor, TakesValues) {
  const std::vector<std::int64_t> values = {5, -7, 9};
  const Tensor tensor = Tensor::from<std::int64_t>({3, 1}, values);
  EXPECT_EQ(tensor.dtype(), DType::kI64);
  EXPECT_THAT(tensor.values<std::int64_t>(), testing::ElementsAreArray(values));
}

TEST(Tensor, ValuesMustBeAsManyAsTheShapeSays) {
  const std::vector<float> values(6);
  EXPECT_THROW(Tensor::from<float>({5}, values), std::logic_error);
  EXPECT_THROW(Tensor::from<float>({7}, values), std::logic_error);
}

}  // namespace
}  // namespace kerf
