#include "emit/verdict.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

namespace kerf::emit {
namespace {

/// Rounding with regard to data moves values away from the nearest code: its error is 0.9 to 1.3 times that of rounding
/// to nearest, with few tokens up to 2.4 times (gptq, yaqa and learned on examples/tiny-llama, 2 to 8 bits).
constexpr double kWorstRatio = 4;
/// A mean difference of a step in one direction is a zero point that was read wrongly; methods stay below a twentieth.
constexpr double kOffByOne = 0.4;
/// How far a single value may be from where all others are.
constexpr double kOutlierRatio = 3, kOutlierSteps = 1.5;
/// The same for the mean square of a group, whose scale would be wrong.
constexpr double kGroupRatio = 40, kGroupSteps = 1.0;
/// Share of values that are zero though they should be far from it: from here on it is pruning.
constexpr double kPruned = 0.02;
/// Of a pruned weight, relative to its values.
constexpr double kMostPruned = 1;
/// Floats that are tuned (norms, biases) change by less.
constexpr double kTuned = 0.25;

class Judge {
 public:
  Judge(const TensorVerification& tensor, const WeightFigures& figures) : tensor_(tensor), figures_(figures) {}

  std::vector<Finding> run() {
    if (!figures_.unreadable.empty()) {
      add(true, "not-finite", figures_.unreadable);
      return std::move(findings_);
    }
    if (figures_.all_zero) {
      add(true, "zeroed", "every value is zero");
      return std::move(findings_);
    }
    if (tensor_.scaled) add(false, "scaled", "compared with what awq or smoothquant makes of the original's values");
    if (tensor_.rounding_error > 0) {
      judge_codes();
    } else if (figures_.changed > 0) {
      judge_floats();
    }
    return std::move(findings_);
  }

 private:
  void add(bool failure, const char* kind, std::string text) {
    findings_.push_back({failure, kind, tensor_.name, std::move(text)});
  }

  void judge_codes() {
    if (std::abs(figures_.offset) > kOffByOne) {
      add(true, "off-by-one",
          fmt::format("its values are {:+.2f} steps from the original's on average: zero points are stored in one "
                      "convention and said to be in another (GPTQ's v1 and v2 differ by one)",
                      figures_.offset));
      return;
    }
    const bool pruned = figures_.zeroed > kPruned;
    if (pruned) {
      // Those that stay have moved to make up for the others.
      const bool lost = tensor_.relative_error > kMostPruned;
      add(lost, "pruned",
          fmt::format("{:.1f} % of its values were made zero, relative error {:.2f}", 100 * figures_.zeroed,
                      tensor_.relative_error));
      return;
    }
    if (figures_.swollen_groups > 0) {
      add(true, "scale",
          fmt::format("{} of its groups have values several times as large as the original's",
                      figures_.swollen_groups));
    }
    if (figures_.lost_groups > 0) {
      add(true, "scale",
          fmt::format("{} of its groups have the scale 0 though their values are not small", figures_.lost_groups));
    }
    const double ratio = tensor_.relative_error / tensor_.rounding_error;
    if (ratio > kWorstRatio) {
      add(true, "error",
          fmt::format("its relative error {:.4f} is {:.1f} times that of rounding to nearest ({:.4f})",
                      tensor_.relative_error, ratio, tensor_.rounding_error));
      return;
    }
    if (figures_.worst_group > std::max(kGroupRatio * figures_.usual_group, kGroupSteps)) {
      add(true, "scale",
          fmt::format("the group at row {}, column {} is {:.1f} steps off, {:.1f} are usual", figures_.group_row,
                      figures_.group_col, std::sqrt(figures_.worst_group), std::sqrt(figures_.usual_group)));
    }
    if (figures_.worst_steps > std::max(kOutlierRatio * figures_.usual_steps, kOutlierSteps)) {
      add(true, "outlier",
          fmt::format(
              "the value at row {}, column {} is {:.1f} steps off; of ten thousand all but one stay below {:.1f}",
              figures_.worst_row, figures_.worst_col, figures_.worst_steps, figures_.usual_steps));
    }
  }

  /// Norms and biases may have been tuned or corrected; matrices are stored as they were.
  void judge_floats() {
    const bool is_vector = tensor_.shape.size() < 2;
    const bool tuned = is_vector && tensor_.relative_error < kTuned;
    add(!tuned, "changed",
        fmt::format("{} of its values are not the original's rounded to {}, relative error {:.2g}, worst at row {}, "
                    "column {}",
                    figures_.changed, tensor_.scheme, tensor_.relative_error, figures_.worst_row, figures_.worst_col));
  }

  const TensorVerification& tensor_;
  const WeightFigures& figures_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> judge(const TensorVerification& tensor, const WeightFigures& figures) {
  return Judge(tensor, figures).run();
}

}  // namespace kerf::emit
