#include "ops/sliding_window.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "core/checked.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

/// More than any tensor has; products and sums of a few of them do not overflow.
constexpr std::int64_t kMost = std::int64_t{1} << 30;

Shape attribute(const graph::Node& node, const char* name, std::size_t count, std::int64_t fallback,
                std::int64_t least) {
  const Shape values = node.attributes.ints_or(name, Shape(count, fallback));
  if (values.size() != count) {
    mismatch(fmt::format("attribute {}: found {} numbers, expected {}", name, values.size(), count));
  }
  for (const std::int64_t value : values) {
    if (value < least || value > kMost) {
      mismatch(fmt::format("attribute {}: found {}, expected {} or more", name, value, least));
    }
  }
  return values;
}

enum class AutoPad { kNotSet, kValid, kSameUpper, kSameLower };

AutoPad auto_pad_of(const graph::Node& node) {
  const std::string name = node.attributes.string_or("auto_pad", "NOTSET");
  if (name == "NOTSET") return AutoPad::kNotSet;
  if (name == "VALID") return AutoPad::kValid;
  if (name == "SAME_UPPER") return AutoPad::kSameUpper;
  if (name == "SAME_LOWER") return AutoPad::kSameLower;
  mismatch(fmt::format("attribute auto_pad: found '{}', expected NOTSET, VALID, SAME_UPPER or SAME_LOWER",
                       name.substr(0, 16)));
}

/// All but padding and the extents of one side.
SlidingWindow taps_of(const graph::Node& node, std::span<const std::int64_t> extents,
                      std::span<const std::int64_t> kernel) {
  const std::size_t rank = extents.size();
  if (rank == 0 || kernel.size() != rank) {
    mismatch(fmt::format("found a kernel of {} axes for {} axes behind batch and channels", kernel.size(), rank));
  }
  SlidingWindow window;
  window.kernel = attribute(node, "kernel_shape", rank, 0, 0);
  if (!node.attributes.has("kernel_shape")) window.kernel.assign(kernel.begin(), kernel.end());
  if (!std::equal(kernel.begin(), kernel.end(), window.kernel.begin())) {
    mismatch(fmt::format("attribute kernel_shape: found {}, the weight has {}", to_string(window.kernel),
                         to_string(Shape(kernel.begin(), kernel.end()))));
  }
  window.strides = attribute(node, "strides", rank, 1, 1);
  window.dilations = attribute(node, "dilations", rank, 1, 1);
  for (const std::int64_t taps : window.kernel) {
    if (taps < 1 || taps > kMost) mismatch(fmt::format("found a kernel of {} taps", taps));
  }
  for (const std::int64_t extent : extents) {
    if (extent > kMost) mismatch(fmt::format("found an extent of {}", extent));
  }
  for (std::size_t i = 0; i < rank; ++i) {
    if (!checked_mul(window.dilations[i], window.kernel[i])) mismatch("found windows of too many elements");
  }
  return window;
}

/// `total` elements of padding on both sides; the odd one at the end, or at the beginning.
void split_padding(SlidingWindow& window, std::int64_t total, bool odd_behind) {
  const std::int64_t half = std::max<std::int64_t>(total, 0) / 2, rest = std::max<std::int64_t>(total, 0) - half;
  window.before.push_back(odd_behind ? half : rest);
  window.after.push_back(odd_behind ? rest : half);
}

}  // namespace

SlidingWindow sliding_window(const graph::Node& node, std::span<const std::int64_t> in,
                             std::span<const std::int64_t> kernel) {
  SlidingWindow window = taps_of(node, in, kernel);
  const std::size_t rank = in.size();
  window.in.assign(in.begin(), in.end());
  const AutoPad automatic = auto_pad_of(node);
  const Shape pads = attribute(node, "pads", 2 * rank, 0, 0);
  const bool up = node.attributes.int_or("ceil_mode", 0) != 0;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t stride = window.strides[i], span = window.span_of(i);
    if (automatic == AutoPad::kSameUpper || automatic == AutoPad::kSameLower) {
      window.out.push_back(div_up(in[i], stride));
      split_padding(window, (window.out[i] - 1) * stride + span - in[i], automatic == AutoPad::kSameUpper);
      continue;
    }
    const bool padded = automatic == AutoPad::kNotSet;
    window.before.push_back(padded ? pads[i] : 0);
    window.after.push_back(padded ? pads[rank + i] : 0);
    const std::int64_t room = in[i] + window.before[i] + window.after[i] - span;
    if (room < 0) mismatch(fmt::format("found windows of {} at axis {}, which has {}", span, i + 2, room + span));
    std::int64_t count = (up ? div_up(room, stride) : room / stride) + 1;
    // A window begins in the data or before it.
    if (up && (count - 1) * stride >= in[i] + window.before[i]) --count;
    window.out.push_back(count);
  }
  return window;
}

SlidingWindow transposed_window(const graph::Node& node, std::span<const std::int64_t> windows,
                                std::span<const std::int64_t> kernel) {
  SlidingWindow window = taps_of(node, windows, kernel);
  const std::size_t rank = windows.size();
  window.out.assign(windows.begin(), windows.end());
  const AutoPad automatic = auto_pad_of(node);
  const bool same = automatic == AutoPad::kSameUpper || automatic == AutoPad::kSameLower;
  const Shape pads = attribute(node, "pads", 2 * rank, 0, 0), more = attribute(node, "output_padding", rank, 0, 0);
  const bool given = node.attributes.has("output_shape");
  const Shape wanted = attribute(node, "output_shape", rank, 0, 0);
  for (std::size_t i = 0; i < rank; ++i) {
    const auto steps = checked_mul(window.strides[i], std::max<std::int64_t>(windows[i] - 1, 0));
    if (!steps || *steps > kMost * kMost / 2) mismatch("found an output of too many elements");
    const std::int64_t full = *steps + more[i] + window.span_of(i);
    if (given || same) {
      window.in.push_back(given ? wanted[i] : windows[i] * window.strides[i]);
      split_padding(window, full - window.in[i], automatic == AutoPad::kSameUpper);
      continue;
    }
    window.before.push_back(automatic == AutoPad::kNotSet ? pads[i] : 0);
    window.after.push_back(automatic == AutoPad::kNotSet ? pads[rank + i] : 0);
    window.in.push_back(full - window.before[i] - window.after[i]);
    if (window.in[i] < 0) mismatch(fmt::format("found pads that leave no extent at axis {}", i + 2));
  }
  return window;
}

std::int64_t SlidingWindow::tile(std::int64_t elements) {
  constexpr std::int64_t kMostWindows = 128, kMostElements = std::int64_t{1} << 22;
  return std::clamp<std::int64_t>(kMostElements / std::max<std::int64_t>(elements, 1), 1, kMostWindows);
}

std::vector<std::int64_t> SlidingWindow::sources(std::int64_t first, std::int64_t count) const {
  const std::int64_t all = taps();
  std::vector<std::int64_t> result(static_cast<std::size_t>(all * count));
  for (std::int64_t p = 0; p < count; ++p) {
    for (std::int64_t tap = 0; tap < all; ++tap) {
      std::int64_t place = first + p, rest = tap, source = 0, step = 1;
      for (std::size_t axis = in.size(); axis-- > 0;) {
        const std::int64_t at =
            place % out[axis] * strides[axis] + rest % kernel[axis] * dilations[axis] - before[axis];
        source = source < 0 || at < 0 || at >= in[axis] ? -1 : source + at * step;
        step *= in[axis];
        place /= out[axis];
        rest /= kernel[axis];
      }
      result[static_cast<std::size_t>(tap * count + p)] = source;
    }
  }
  return result;
}

}  // namespace kerf::ops
