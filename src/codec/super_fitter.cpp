#include "codec/super_fitter.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "codec/float_codec.h"
#include "codec/grid.h"
#include "codec/range_search.h"
#include "codec/weighted_rounding.h"

namespace kerf::codec {
namespace {

/// Turns between codes and super-scale at most; most super-blocks settle after two.
constexpr int kTurns = 4;

/// Codes of scales and minima, and what they stand for.
struct Choice {
  float scale = 0, minimum = 0;  ///< of the super-block
  std::vector<int> scale_codes, minimum_codes;
  float error = std::numeric_limits<float>::infinity();
};

/// The groups of one super-block.
class SuperBlockSearch {
 public:
  /// `group_scheme` and its grid: of a group whose scale can be anything.
  SuperBlockSearch(const Scheme& scheme, const Scheme& group_scheme, const Grid& grid, std::span<const float> values,
                   std::span<const float> importance)
      : scheme_(scheme), group_scheme_(group_scheme), grid_(grid) {
    const auto width = static_cast<std::size_t>(scheme.group_size);
    for (std::size_t begin = 0; begin < values.size(); begin += width) {
      const std::size_t count = std::min(width, values.size() - begin);
      groups_.push_back(values.subspan(begin, count));
      importance_.push_back(importance.empty() ? importance : importance.subspan(begin, count));
      roundings_.emplace_back(grid, groups_.back(), importance_.back());
    }
  }

  /// False if a value is not finite or a super-scale does not fit.
  bool run(Choice& best) {
    if (!fit_groups()) return false;
    Choice choice = first_choice();
    if (!is_storable(choice)) return false;
    choice.error = total_error(choice);
    best = choice;
    for (int turn = 0; turn < kTurns; ++turn) {
      choose_codes(choice);
      refit(choice);
      if (!is_storable(choice)) break;
      choice.error = total_error(choice);
      if (!(choice.error < best.error)) break;
      best = choice;
    }
    return true;
  }

 private:
  bool has_minima() const { return scheme_.offset == Offset::kMinimum; }
  int lowest_scale_code() const { return scheme_.super.signed_scales ? -(1 << (scheme_.super.scale_bits - 1)) : 0; }
  int highest_scale_code() const {
    return (1 << (scheme_.super.signed_scales ? scheme_.super.scale_bits - 1 : scheme_.super.scale_bits)) - 1;
  }
  int highest_minimum_code() const { return (1 << scheme_.super.scale_bits) - 1; }
  float rounded(float value) const { return round_to(scheme_.scale_dtype, value) + 0.0F; }

  GroupParams params(const Choice& choice, std::size_t group, int scale_step = 0, int minimum_step = 0) const {
    GroupParams result = own_[group];
    result.scale = choice.scale * static_cast<float>(choice.scale_codes[group] + scale_step);
    result.minimum =
        has_minima() ? -(choice.minimum * static_cast<float>(choice.minimum_codes[group] + minimum_step)) : 0.0F;
    return result;
  }

  /// Each group's parameters as if it could store them.
  bool fit_groups() {
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      bool overflow = false;
      const GroupParams start = grid_.fit(groups_[g], overflow);
      if (overflow) return false;
      own_.push_back(search_params(grid_, group_scheme_, groups_[g], importance_[g], started(g, start), -1));
    }
    return true;
  }

  /// Minima are not above 0: a range that is has to begin there.
  GroupParams started(std::size_t group, GroupParams start) const {
    if (!has_minima() || start.minimum <= 0) return start;
    const float high = *std::max_element(groups_[group].begin(), groups_[group].end());
    return {high / static_cast<float>(grid_.highest_code()), 0, 0};
  }

  Choice first_choice() const {
    Choice choice;
    float extreme = 0, lowest = 0;
    for (const GroupParams& own : own_) {
      if (std::abs(own.scale) > std::abs(extreme)) extreme = own.scale;
      lowest = std::min(lowest, own.minimum);
    }
    // The larger end of signed codes is the negative one.
    choice.scale =
        rounded(extreme / static_cast<float>(scheme_.super.signed_scales ? lowest_scale_code() : highest_scale_code()));
    choice.minimum = rounded(-lowest / static_cast<float>(highest_minimum_code()));
    for (const GroupParams& own : own_) {
      choice.scale_codes.push_back(code_of(own.scale, choice.scale, lowest_scale_code(), highest_scale_code()));
      choice.minimum_codes.push_back(code_of(-own.minimum, choice.minimum, 0, highest_minimum_code()));
    }
    return choice;
  }

  static int code_of(float value, float unit, int low, int high) {
    if (unit == 0) return std::clamp(0, low, high);
    return static_cast<int>(
        std::clamp(std::nearbyint(value / unit), static_cast<float>(low), static_cast<float>(high)));
  }

  bool is_storable(const Choice& choice) const { return std::isfinite(choice.scale) && std::isfinite(choice.minimum); }

  float total_error(const Choice& choice) {
    float sum = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g) sum += roundings_[g].round(params(choice, g));
    return sum;
  }

  /// The best codes of each group next to those that it has.
  void choose_codes(Choice& choice) {
    const int reach = has_minima() ? 1 : 0;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      float least = std::numeric_limits<float>::infinity();
      int best_scale = choice.scale_codes[g], best_minimum = choice.minimum_codes[g];
      for (int s = -1; s <= 1; ++s) {
        if (choice.scale_codes[g] + s < lowest_scale_code() || choice.scale_codes[g] + s > highest_scale_code())
          continue;
        for (int m = -reach; m <= reach; ++m) {
          if (choice.minimum_codes[g] + m < 0 || choice.minimum_codes[g] + m > highest_minimum_code()) continue;
          const float error = roundings_[g].round(params(choice, g, s, m));
          if (!(error < least)) continue;
          least = error;
          best_scale = choice.scale_codes[g] + s;
          best_minimum = choice.minimum_codes[g] + m;
        }
      }
      choice.scale_codes[g] = best_scale;
      choice.minimum_codes[g] = best_minimum;
    }
  }

  /// The super-scale and super-minimum that are best for all codes: x ~ scale * a - minimum * b, where a is the scale
  /// code times the step, b the minimum code.
  void refit(Choice& choice) {
    if (choice.scale == 0) return;
    double aa = 0, ab = 0, bb = 0, xa = 0, xb = 0;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const GroupParams group = params(choice, g);
      roundings_[g].round(group);
      const auto sums = roundings_[g].sums(group.minimum);
      const double unit = choice.scale, b = choice.minimum_codes[g];
      aa += sums.uu / (unit * unit);
      xa += sums.xu / unit;
      ab += sums.u / unit * b;
      bb += static_cast<double>(sums.w) * b * b;
      xb += static_cast<double>(sums.x) * b;
    }
    if (!(aa > 0)) return;
    const double determinant = aa * bb - ab * ab;
    if (!has_minima() || !(determinant > 1e-12 * aa * bb)) {
      // Without minima that count, and with those that there are.
      choice.scale = rounded(static_cast<float>((xa + choice.minimum * ab) / aa));
      return;
    }
    const double scale = (xa * bb - xb * ab) / determinant, minimum = (xa * ab - xb * aa) / determinant;
    if (minimum < 0 || scale < 0) return;
    choice.scale = rounded(static_cast<float>(scale));
    choice.minimum = rounded(static_cast<float>(minimum));
  }

  const Scheme &scheme_, &group_scheme_;
  const Grid& grid_;
  std::vector<std::span<const float>> groups_, importance_;
  std::vector<WeightedRounding> roundings_;
  std::vector<GroupParams> own_;
};

class SuperFitter final : public Fitter {
 public:
  explicit SuperFitter(const Scheme& scheme) : Fitter(scheme), group_scheme_(scheme) {
    // Groups are fitted freely before their scales become codes.
    group_scheme_.super = {};
    group_scheme_.scale_dtype = DType::kF32;
    grid_ = make_grid(group_scheme_);
  }

  bool fit(std::span<const float> values, std::span<const float> importance, QuantizedTensor& out, std::int64_t row,
           std::int64_t col) const override {
    Choice choice;
    const bool fits = SuperBlockSearch(scheme(), group_scheme_, *grid_, values, importance).run(choice);
    const auto block = static_cast<std::size_t>(out.super_index(row, col));
    const auto first = static_cast<std::size_t>(out.group_index(row, col));
    out.super_scales[block] = choice.scale;
    if (!out.super_minima.empty()) out.super_minima[block] = choice.minimum;
    for (std::size_t g = 0; g < choice.scale_codes.size(); ++g) {
      out.scale_codes[first + g] = static_cast<std::int8_t>(choice.scale_codes[g]);
      if (!out.minimum_codes.empty()) out.minimum_codes[first + g] = static_cast<std::uint8_t>(choice.minimum_codes[g]);
    }
    out.expand_super_block(row, col);
    return fits;
  }

 private:
  Scheme group_scheme_;
  std::unique_ptr<const Grid> grid_;
};

}  // namespace

std::unique_ptr<const Fitter> make_super_fitter(const Scheme& scheme) { return std::make_unique<SuperFitter>(scheme); }

}  // namespace kerf::codec
