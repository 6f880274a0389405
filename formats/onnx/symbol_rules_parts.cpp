#include <algorithm>
#include <numeric>
#include <utility>

#include "formats/onnx/node_symbols.h"
#include "formats/onnx/symbol_arithmetic.h"

namespace kerf::formats::onnx {

void NodeSymbols::gather() {
  const Maybe data = shape(0), indices = shape(1);
  if (!data || !indices || data->empty()) return;
  const auto axis = axis_of(int_or("axis", 0), data->size());
  if (!axis) return;
  SymbolList result(data->begin(), data->begin() + static_cast<std::ptrdiff_t>(*axis));
  result.insert(result.end(), indices->begin(), indices->end());
  result.insert(result.end(), data->begin() + static_cast<std::ptrdiff_t>(*axis) + 1, data->end());
  known_.shape = result;
  const Maybe from = contents(0);
  const auto wanted = values_of(contents(1));
  if (!from || !wanted || data->size() != 1) return;
  SymbolList found;
  for (const std::int64_t index : *wanted) {
    const auto at = axis_of(index, from->size());
    if (!at) return;
    found.push_back((*from)[*at]);
  }
  known_.contents = found;
}

void NodeSymbols::gather_elements() { known_.shape = shape(1); }

void NodeSymbols::gather_nd() {
  const Maybe data = shape(0), indices = shape(1);
  const std::int64_t batch = int_or("batch_dims", 0);
  if (!data || !indices || indices->empty() || batch < 0 || batch > std::ssize(*data)) return;
  const MaybeSymbol& depth = indices->back();
  if (!depth || !depth->is_constant() || depth->value < 0 || depth->value > std::ssize(*data) - batch) return;
  known_.shape = SymbolList(indices->begin(), indices->end() - 1);
  known_.shape->insert(known_.shape->end(), data->begin() + batch + depth->value, data->end());
}

std::optional<std::vector<std::int64_t>> NodeSymbols::sliced_axes() const {
  if (input(3) != kAbsent) return values_of(contents(3));
  const auto count = values_of(shape(1));
  if (!count || count->size() != 1 || count->front() < 0) return std::nullopt;
  std::vector<std::int64_t> axes(static_cast<std::size_t>(count->front()));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

void NodeSymbols::slice() {
  const Maybe data = shape(0);
  if (!data) return;
  known_.shape = SymbolList(data->size());
  const auto axes = sliced_axes();
  if (!axes || axes->size() > data->size()) return;
  const auto starts = values_of(contents(1));
  const Maybe ends = contents(2);
  auto steps = input(4) == kAbsent ? std::optional(std::vector<std::int64_t>(axes->size(), 1)) : values_of(contents(4));
  const bool known = starts && ends && steps && starts->size() == axes->size() && ends->size() == axes->size() &&
                     steps->size() == axes->size();
  SymbolList result = *data;
  Maybe part = known ? contents(0) : std::nullopt;
  for (std::size_t i = 0; i < axes->size(); ++i) {
    const auto axis = axis_of((*axes)[i], data->size());
    if (!axis) return;
    if (!known) {
      result[*axis].reset();
      continue;
    }
    const MaybeSymbol &extent = (*data)[*axis], &end = (*ends)[i];
    result[*axis] = sliced(extent, (*starts)[i], end, (*steps)[i], part);
    // Positions and masks are constants cut to the length of the text: a longer text than they have is refused where
    // it meets them.
    const bool of_constant = draft_.constant(input(0)) != nullptr;
    if (of_constant && end && !end->is_constant() && (*starts)[i] == 0 && (*steps)[i] == 1) result[*axis] = end;
  }
  known_.shape = result;
  if (data->size() == 1 && part) known_.contents = part;
}

MaybeSymbol NodeSymbols::sliced(const MaybeSymbol& extent, std::int64_t start, const MaybeSymbol& end,
                                std::int64_t step, Maybe& part) {
  constexpr std::int64_t kBeyond = std::int64_t{1} << 31;
  const Maybe elements = std::exchange(part, std::nullopt);
  if (step != 1 || !extent || !end) return std::nullopt;
  if (!extent->is_constant()) {
    const bool whole = start == 0 && ((end->is_constant() && end->value >= kBeyond - 1) || *end == *extent);
    return whole ? extent : MaybeSymbol();
  }
  if (!end->is_constant()) return std::nullopt;
  const auto place = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + extent->value : at, 0, extent->value);
  };
  const std::int64_t first = place(start), last = std::max(first, place(end->value));
  if (elements && std::ssize(*elements) == extent->value) {
    part = SymbolList(elements->begin() + first, elements->begin() + last);
  }
  return constant_symbol(last - first);
}

void NodeSymbols::concat() {
  Maybe first;
  for (std::size_t i = 0; !first && i < node_.inputs.size(); ++i) first = shape(i);
  const auto axis = first ? axis_of(int_or("axis", 0), first->size()) : std::nullopt;
  if (!axis) return;
  SymbolList result(first->size()), joined;
  result[*axis] = constant_symbol(0);
  bool has_contents = first->size() == 1;
  for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
    const SymbolList other = shape(i).value_or(SymbolList(result.size()));
    const Maybe values = contents(i);
    if (other.size() != result.size()) return;
    const MaybeSymbol &a = result[*axis], &b = other[*axis];
    result[*axis] = a && b ? combine("Add", *a, *b) : MaybeSymbol();
    for (std::size_t d = 0; d < result.size(); ++d) {
      if (d != *axis && (!result[d] || !result[d]->is_constant())) result[d] = other[d] ? other[d] : result[d];
    }
    has_contents = has_contents && values.has_value();
    if (has_contents) joined.insert(joined.end(), values->begin(), values->end());
  }
  known_.shape = result;
  if (has_contents) known_.contents = joined;
}

void NodeSymbols::split() {
  const Maybe data = shape(0);
  const auto axis = data ? axis_of(int_or("axis", 0), data->size()) : std::nullopt;
  if (!axis) return;
  SymbolList result = *data;
  const MaybeSymbol extent = result[*axis];
  result[*axis].reset();
  const auto parts = static_cast<std::int64_t>(node_.outputs.size());
  if (input(1) != kAbsent) {
    const auto sizes = values_of(contents(1));
    if (sizes && output_ < sizes->size()) result[*axis] = constant_symbol((*sizes)[output_]);
  } else if (extent && extent->is_constant() && extent->value % parts == 0) {
    result[*axis] = constant_symbol(extent->value / parts);
  }
  known_.shape = result;
}

}  // namespace kerf::formats::onnx
