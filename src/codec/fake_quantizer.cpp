#include "codec/fake_quantizer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "codec/float_codec.h"
#include "codec/grid.h"
#include "core/error.h"

namespace kerf::codec {
namespace {

class FloatQuantizer final : public FakeQuantizer {
 public:
  explicit FloatQuantizer(DType dtype) : dtype_(dtype) {}
  void round(float* values, std::int64_t rows, std::int64_t cols) const override {
    for (std::int64_t i = 0; i < rows * cols; ++i) values[i] = round_to(dtype_, values[i]);
  }

 private:
  DType dtype_;
};

class SchemeQuantizer final : public FakeQuantizer {
 public:
  explicit SchemeQuantizer(Scheme scheme) : scheme_(std::move(scheme)), grid_(make_grid(scheme_)) {}

  void round(float* values, std::int64_t rows, std::int64_t cols) const override {
    const std::int64_t width = std::min(scheme_.group_width(cols), cols);
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(width));
    bool overflow = false;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t begin = 0; begin < cols; begin += width) {
        const std::span<float> group(values + row * cols + begin,
                                     static_cast<std::size_t>(std::min(width, cols - begin)));
        const GroupParams params = grid_->fit(group, overflow);
        grid_->encode_run(group, params, std::span(codes).first(group.size()), group);
      }
    }
    if (overflow) throw_input("", "", "a value to be rounded to " + scheme_.name + " is too large, or not finite");
  }

 private:
  Scheme scheme_;
  std::unique_ptr<const Grid> grid_;
};

}  // namespace

std::shared_ptr<const FakeQuantizer> make_scheme_quantizer(const Scheme& scheme) {
  if (scheme.kind == Scheme::Kind::kFloat) return std::make_shared<FloatQuantizer>(scheme.float_dtype);
  if (!scheme.quantized()) throw_usage(scheme.name + " rounds nothing");
  if (scheme.has_super_blocks() || scheme.shares_rows() || scheme.unit_by_tensor) {
    throw_usage(scheme.name + " needs more than the values of one head and token, which are rounded by themselves");
  }
  return std::make_shared<SchemeQuantizer>(scheme);
}

}  // namespace kerf::codec
