#include "ops/reversed_matrix.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace kerf::ops::linalg {
namespace {

std::vector<float> reversed_rows(const float* values, std::int64_t rows, std::int64_t cols) {
  std::vector<float> turned(static_cast<std::size_t>(rows * cols));
  for (std::int64_t r = 0; r < rows; ++r) {
    std::reverse_copy(values + r * cols, values + (r + 1) * cols, turned.begin() + r * cols);
  }
  return turned;
}

class ReversedMatrix final : public PackedMatrix {
 public:
  explicit ReversedMatrix(std::shared_ptr<const PackedMatrix> packed) : packed_(std::move(packed)) {}

  std::int64_t out_features() const override { return packed_->out_features(); }
  std::int64_t in_features() const override { return packed_->in_features(); }
  std::uint64_t bytes() const override { return packed_->bytes(); }
  void multiply(const float* x, std::int64_t rows, const float* bias, float* y) const override {
    packed_->multiply(reversed_rows(x, rows, in_features()).data(), rows, bias, y);
  }

 private:
  std::shared_ptr<const PackedMatrix> packed_;
};

}  // namespace

std::shared_ptr<const PackedMatrix> pack_reversed(const float* weights, std::int64_t out, std::int64_t in) {
  return std::make_shared<ReversedMatrix>(PackedMatrix::pack(reversed_rows(weights, out, in).data(), out, in));
}

}  // namespace kerf::ops::linalg
