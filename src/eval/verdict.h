#pragma once

#include <span>

#include "kerf/statistics.h"

#include "eval/layout.h"

namespace kerf::eval {

/// What an interval of a difference says, with a margin on both sides of zero: equivalent if it lies within the margin;
/// else worse or better if zero is outside of it; else inconclusive. Then, since intervals shrink with the root of the
/// number of tokens n, about n * (h / h')^2 tokens would do, with h half the interval's width and h' what is enough for
/// a decision at the difference found: max(|d|, margin - |d|).
Judgement judge(const Estimate& difference, double margin, std::int64_t tokens);

/// The mean of a[i] - b[i], judged. With too few batches for an interval it is without bounds, and inconclusive.
Judgement judge_pair(std::span<const double> a, std::span<const double> b, const Layout& layout, double margin);

}  // namespace kerf::eval
