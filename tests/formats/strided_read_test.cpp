#include "formats/strided_read.h"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/shape.h"
#include "tests/support/temp_dir.h"

namespace kerf::formats {
namespace {

/// A file of the numbers 0, 1, 2, ... as 32-bit integers, after one byte.
class StridedRead : public ::testing::Test {
 protected:
  StridedRead() {
    std::string bytes(1 + 4 * kCount, '\0');
    for (std::int32_t i = 0; i < kCount; ++i) std::memcpy(bytes.data() + 1 + 4 * i, &i, 4);
    file_ = InputFile::open(folder_.write("numbers", bytes));
  }

  std::vector<std::int32_t> read(const Shape& shape, const Shape& strides, std::uint64_t first,
                                 std::size_t count) const {
    std::vector<std::int32_t> found(count, -1);
    read_strided(*file_, {1, 4, shape, strides}, first, std::as_writable_bytes(std::span(found)));
    return found;
  }

  /// What any part of a tensor must be, from the definition of strides.
  static std::int32_t element(const Shape& shape, const Shape& strides, std::uint64_t index) {
    std::int64_t at = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      at += static_cast<std::int64_t>(index) % shape[axis] * strides[axis];
      index /= static_cast<std::uint64_t>(shape[axis]);
    }
    return static_cast<std::int32_t>(at);
  }

  static constexpr std::int32_t kCount = 6000;
  test::TempDir folder_;
  std::shared_ptr<const InputFile> file_;
};

TEST_F(StridedRead, EveryPartOfEveryLayoutIsRight) {
  const std::vector<std::pair<Shape, Shape>> layouts = {
      {{3, 4}, {1, 3}},       {{3, 4}, {8, 2}},    {{5}, {7}},       {{2, 3, 4}, {4, 8, 1}},
      {{2, 3, 4}, {1, 2, 6}}, {{4, 3}, {2, 1000}}, {{3, 4}, {4, 1}}, {{2, 2}, {1, 2000}}};
  for (const auto& [shape, strides] : layouts) {
    const auto size = static_cast<std::uint64_t>(numel(shape));
    for (std::uint64_t first = 0; first < size; ++first) {
      for (std::uint64_t count = 1; first + count <= size; ++count) {
        const auto found = read(shape, strides, first, count);
        for (std::uint64_t i = 0; i < count; ++i) {
          ASSERT_EQ(found[i], element(shape, strides, first + i)) << to_string(shape) << " " << to_string(strides);
        }
      }
    }
  }
}

}  // namespace
}  // namespace kerf::formats
