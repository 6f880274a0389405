#include "codec/fitter.h"

#include <utility>

#include "codec/grid.h"
#include "codec/range_search.h"
#include "codec/super_fitter.h"

namespace kerf::codec {
namespace {

/// Each group by itself.
class GroupFitter final : public Fitter {
 public:
  GroupFitter(Scheme scheme, FitRule rule) : Fitter(std::move(scheme)), rule_(rule), grid_(make_grid(this->scheme())) {}

  bool fit(std::span<const float> values, std::span<const float> importance, QuantizedTensor& out, std::int64_t row,
           std::int64_t col) const override {
    bool overflow = false;
    GroupParams params = grid_->fit(values, overflow);
    if (rule_ == FitRule::kSearch && !overflow) {
      params = search_params(*grid_, scheme(), values, importance, params);
    }
    set_params(out, out.group_index(row, col), params);
    return !overflow;
  }

 private:
  FitRule rule_;
  std::unique_ptr<const Grid> grid_;
};

}  // namespace

std::int64_t Fitter::width(std::int64_t cols) const {
  return scheme_.has_super_blocks() ? scheme_.super.cols : scheme_.group_width(cols);
}

std::unique_ptr<const Fitter> make_fitter(const Scheme& scheme, FitRule rule) {
  if (scheme.has_super_blocks()) return make_super_fitter(scheme);
  return std::make_unique<GroupFitter>(scheme, rule);
}

}  // namespace kerf::codec
