#include "quant/prune_pattern.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::quant {
namespace {

constexpr int kLargestGroup = 64;

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::int64_t PrunePattern::zeros_of(std::int64_t count) const {
  // The small number keeps 0.29 of 100 from being 28.
  return static_cast<std::int64_t>(std::floor(static_cast<double>(count) * share + 1e-9));
}

std::string PrunePattern::name() const {
  return by_group() ? fmt::format("{}:{}", keep, of) : fmt::format("{:.6g}%", 100 * share);
}

PrunePattern parse_pattern(std::string_view text, const std::string& label) {
  PrunePattern pattern;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    const auto keep = parse_number<int>(text.substr(0, colon)), of = parse_number<int>(text.substr(colon + 1));
    if (!keep || !of || *keep < 1 || *keep >= *of || *of > kLargestGroup) {
      throw_usage(fmt::format("{}: found {}, expected N:M, N weights of each M that stay, 1 <= N < M <= {}", label,
                              quoted(text), kLargestGroup));
    }
    pattern.keep = *keep;
    pattern.of = *of;
    return pattern;
  }
  const bool percent = ends_with(text, "%");
  const auto number = parse_number<double>(percent ? text.substr(0, text.size() - 1) : text);
  pattern.share = number ? *number / (percent ? 100 : 1) : 0;
  if (!(pattern.share > 0) || !(pattern.share < 1)) {
    throw_usage(fmt::format("{}: found {}, expected a share above 0% and below 100%, such as 50%, or N:M, such as 2:4",
                            label, quoted(text)));
  }
  return pattern;
}

void zero_lowest(std::span<const float> scores, std::int64_t count, std::span<float> values) {
  if (count <= 0) return;
  std::vector<float> sorted(scores.begin(), scores.end());
  const auto last = sorted.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(sorted.begin(), last, sorted.end());
  const float threshold = *last;
  std::int64_t ties = count - std::count_if(scores.begin(), scores.end(), [&](float s) { return s < threshold; });
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] < threshold || (scores[i] == threshold && ties-- > 0)) values[i] = 0;
  }
}

void zero_row(std::span<const float> scores, const PrunePattern& pattern, std::span<float> values) {
  if (!pattern.by_group()) return zero_lowest(scores, pattern.zeros_of(std::ssize(values)), values);
  const auto of = static_cast<std::size_t>(pattern.of);
  for (std::size_t begin = 0; begin < values.size(); begin += of) {
    const std::size_t width = std::min(of, values.size() - begin);
    zero_lowest(scores.subspan(begin, width), static_cast<std::int64_t>(width) - pattern.keep,
                values.subspan(begin, width));
  }
}

}  // namespace kerf::quant
