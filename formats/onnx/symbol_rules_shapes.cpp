#include "core/checked.h"
#include "formats/onnx/node_symbols.h"
#include "formats/onnx/symbol_arithmetic.h"
#include "formats/onnx/symbol_rules.h"

namespace kerf::formats::onnx {

void NodeSymbols::reshape() {
  const Maybe data = shape(0), wanted = contents(1);
  if (!wanted) return;
  const bool allow_zero = int_or("allowzero", 0) != 0;
  SymbolList result = *wanted;
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (!result[i] || !result[i]->is_constant()) continue;
    if (result[i]->value == 0 && !allow_zero) {
      result[i] = data && i < data->size() ? (*data)[i] : MaybeSymbol();
    } else if (result[i]->value == -1) {
      open = i;
      result[i].reset();
    }
  }
  if (open && data) {
    Quotient rest;
    for (const MaybeSymbol& extent : *data) rest.multiply(extent);
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (i != *open) rest.divide(result[i]);
    }
    result[*open] = rest.result();
  }
  known_.shape = result;
  if (result.size() <= 1) known_.contents = contents(0);
}

void NodeSymbols::squeeze() {
  const Maybe data = shape(0);
  if (!data) return;
  std::vector<bool> goes(data->size(), false);
  if (input(1) == kAbsent) {
    for (std::size_t i = 0; i < goes.size(); ++i) {
      if (!(*data)[i]) return;
      // An extent that is not known may be 1.
      if (!(*data)[i]->is_constant()) return;
      goes[i] = (*data)[i]->value == 1;
    }
  } else {
    const auto axes = values_of(contents(1));
    if (!axes) return;
    for (const std::int64_t axis : *axes) {
      const auto at = axis_of(axis, data->size());
      if (!at) return;
      goes[*at] = true;
    }
  }
  SymbolList result;
  for (std::size_t i = 0; i < goes.size(); ++i) {
    if (!goes[i]) result.push_back((*data)[i]);
  }
  known_.shape = result;
  if (result.size() <= 1) known_.contents = contents(0);
}

void NodeSymbols::unsqueeze() {
  const Maybe data = shape(0);
  const auto axes = values_of(contents(1));
  if (data && axes) {
    const std::size_t rank = data->size() + axes->size();
    std::vector<bool> is_new(rank, false);
    for (const std::int64_t axis : *axes) {
      const auto at = axis_of(axis, rank);
      if (!at) return;
      is_new[*at] = true;
    }
    SymbolList result;
    std::size_t next = 0;
    for (const bool insert : is_new) {
      if (!insert && next == data->size()) return;
      result.push_back(insert ? MaybeSymbol(constant_symbol(1)) : (*data)[next++]);
    }
    known_.shape = result;
    if (rank <= 1) known_.contents = contents(0);
  }
}

void NodeSymbols::transpose() {
  const Maybe data = shape(0);
  if (!data) return;
  std::vector<std::int64_t> reversed;
  for (std::size_t i = data->size(); i-- > 0;) reversed.push_back(static_cast<std::int64_t>(i));
  SymbolList result;
  for (const std::int64_t axis : node_.attributes.ints_or("perm", reversed)) {
    const auto at = axis_of(axis, data->size());
    if (!at) return;
    result.push_back((*data)[*at]);
  }
  known_.shape = result;
}

void NodeSymbols::expand() {
  const Maybe data = shape(0), wanted = contents(1);
  if (!data || !wanted) return;
  known_.shape = broadcast(*data, *wanted);
  const Maybe values = contents(0);
  const auto extents = values_of(known_.shape);
  if (!values || values->size() != 1 || !extents || extents->size() != 1) return;
  if (extents->front() >= 0 && extents->front() <= static_cast<std::int64_t>(kMaxContents)) {
    known_.contents = SymbolList(static_cast<std::size_t>(extents->front()), values->front());
  }
}

void NodeSymbols::tile() {
  const Maybe data = shape(0), repeats = contents(1);
  if (!data) return;
  known_.shape = SymbolList(data->size());
  if (!repeats || repeats->size() != data->size()) return;
  for (std::size_t d = 0; d < data->size(); ++d) {
    const MaybeSymbol &extent = (*data)[d], &count = (*repeats)[d];
    if (extent && count) (*known_.shape)[d] = combine("Mul", *extent, *count);
  }
}

void NodeSymbols::pad() {
  const Maybe data = shape(0);
  if (!data) return;
  const auto pads = values_of(contents(1));
  known_.shape = SymbolList(data->size());
  if (!pads || input(3) != kAbsent || pads->size() != 2 * data->size()) return;
  for (std::size_t d = 0; d < data->size(); ++d) {
    const auto added = checked_add((*pads)[d], (*pads)[d + data->size()]);
    if (added && (*data)[d]) (*known_.shape)[d] = combine("Add", *(*data)[d], constant_symbol(*added));
  }
}

}  // namespace kerf::formats::onnx
