#include "ops/einsum_equation.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/checked.h"
#include "core/strings.h"
#include "ops/shape_rules.h"

namespace kerf::ops {
namespace {

/// A dimension's name: a letter, or for those of an ellipsis a number counted from its end.
using Label = std::int32_t;
constexpr Label kEllipsis = 0;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// "b...ij" -> labels, the ellipsis as one.
std::vector<Label> labels_of(std::string_view term) {
  std::vector<Label> labels;
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (term[i] == ' ') continue;
    if (is_letter(term[i])) {
      labels.push_back(term[i]);
    } else if (term.substr(i, 3) == "..." && std::find(labels.begin(), labels.end(), kEllipsis) == labels.end()) {
      labels.push_back(kEllipsis);
      i += 2;
    } else {
      mismatch(fmt::format("attribute equation: found {}, expected letters and at most one ellipsis", quoted(term)));
    }
  }
  return labels;
}

/// The ellipsis as the `count` dimensions that it stands for: -count, ..., -1.
std::vector<Label> expanded(const std::vector<Label>& labels, std::size_t count) {
  std::vector<Label> result;
  for (const Label label : labels) {
    if (label != kEllipsis) result.push_back(label);
    for (auto i = static_cast<Label>(count); label == kEllipsis && i > 0; --i) result.push_back(-i);
  }
  return result;
}

std::vector<std::vector<Label>> operand_labels(std::string_view terms, const std::vector<Shape>& shapes) {
  const auto parts = split(terms, ',');
  if (parts.size() != shapes.size()) {
    mismatch(fmt::format("attribute equation: found {} operands for {} inputs", parts.size(), shapes.size()));
  }
  std::vector<std::vector<Label>> result;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto labels = labels_of(parts[i]);
    const bool open = std::find(labels.begin(), labels.end(), kEllipsis) != labels.end();
    const std::size_t named = labels.size() - (open ? 1 : 0);
    if (shapes[i].size() < named || (!open && shapes[i].size() != named)) {
      mismatch(fmt::format("attribute equation: found {} for shape {}", quoted(parts[i]), to_string(shapes[i])));
    }
    result.push_back(expanded(labels, shapes[i].size() - named));
  }
  return result;
}

/// Without "->" the result has the ellipsis, then the letters that stand there once, in alphabetical order.
std::vector<Label> implied_result(const std::vector<std::vector<Label>>& operands) {
  std::map<Label, int> uses;
  for (const auto& labels : operands) {
    for (const Label label : labels) ++uses[label];
  }
  std::vector<Label> result;
  for (const auto& [label, count] : uses) {
    if (label < 0 || count == 1) result.push_back(label);
  }
  return result;
}

std::size_t widest_ellipsis(const std::vector<std::vector<Label>>& operands) {
  std::size_t width = 0;
  for (const auto& labels : operands) {
    width = std::max<std::size_t>(
        width, static_cast<std::size_t>(std::count_if(labels.begin(), labels.end(), [](Label l) { return l < 0; })));
  }
  return width;
}

}  // namespace

EinsumEquation::EinsumEquation(std::string_view equation, const std::vector<Shape>& shapes) {
  const std::size_t arrow = equation.find("->");
  const auto labels = operand_labels(equation.substr(0, arrow), shapes);
  const auto wanted = arrow == std::string_view::npos
                          ? implied_result(labels)
                          : expanded(labels_of(equation.substr(arrow + 2)), widest_ellipsis(labels));
  std::map<Label, std::size_t> numbers;
  const auto number_of = [&](Label label) {
    const auto [found, is_new] = numbers.emplace(label, numbers.size());
    if (is_new) extents.push_back(1);
    return found->second;
  };
  for (const Label label : wanted) number_of(label);
  result_rank = wanted.size();
  if (numbers.size() != wanted.size()) mismatch("attribute equation: found an axis twice in the result");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto& axes = operands.emplace_back();
    for (std::size_t d = 0; d < labels[i].size(); ++d) {
      const std::size_t axis = number_of(labels[i][d]);
      axes.push_back(axis);
      const std::int64_t extent = shapes[i][d];
      if (extents[axis] != 1 && extent != 1 && extents[axis] != extent) {
        mismatch(fmt::format("found extents {} and {} for one axis of the equation", extents[axis], extent));
      }
      if (extents[axis] == 1) extents[axis] = extent;
    }
  }
  for (std::size_t i = 0; i < result_rank; ++i) {
    const bool made = std::any_of(operands.begin(), operands.end(), [&](const auto& axes) {
      return std::find(axes.begin(), axes.end(), i) != axes.end();
    });
    if (!made) mismatch("attribute equation: found an axis of the result that no operand has");
  }
  const auto all = checked_numel(extents);
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  if (!all || *all > kMost) mismatch("found an equation whose sums have too many terms");
}

}  // namespace kerf::ops
