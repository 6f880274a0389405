#include <string>

#include "core/checked.h"
#include "formats/onnx/node_symbols.h"
#include "formats/onnx/symbol_arithmetic.h"

namespace kerf::formats::onnx {

void NodeSymbols::linear() {
  const Maybe x = shape(0), weight = shape(1);
  if (!x || x->empty() || !weight || weight->size() != 2) return;
  known_.shape = x;
  known_.shape->back() = weight->front();
}

void NodeSymbols::matmul() {
  const Maybe a = shape(0), b = shape(1);
  if (!a || !b || a->size() < 2 || b->size() < 2) return;
  SymbolList result = broadcast(SymbolList(a->begin(), a->end() - 2), SymbolList(b->begin(), b->end() - 2));
  result.push_back((*a)[a->size() - 2]);
  result.push_back(b->back());
  known_.shape = result;
}

void NodeSymbols::convolution() {
  const Maybe x = shape(0), weight = shape(1);
  if (!x || !weight || x->size() != weight->size() || x->size() < 3) return;
  const std::size_t axes = x->size() - 2;
  known_.shape = SymbolList(x->size());
  (*known_.shape)[0] = (*x)[0];
  (*known_.shape)[1] = (*weight)[0];
  const auto strides = node_.attributes.ints_or("strides", std::vector<std::int64_t>(axes, 1));
  const auto dilations = node_.attributes.ints_or("dilations", std::vector<std::int64_t>(axes, 1));
  const auto pads = node_.attributes.ints_or("pads", std::vector<std::int64_t>(2 * axes, 0));
  const std::string mode = node_.attributes.string_or("auto_pad", "NOTSET");
  if (strides.size() != axes || dilations.size() != axes || pads.size() != 2 * axes) return;
  for (std::size_t i = 0; i < axes; ++i) {
    const MaybeSymbol &extent = (*x)[i + 2], &kernel = (*weight)[i + 2];
    if (strides[i] != 1 || !kernel || !kernel->is_constant()) continue;
    const auto reach = checked_mul(dilations[i], kernel->value - 1), padding = checked_add(pads[i], pads[axes + i]);
    // As many windows as elements: texts keep their length.
    const bool same = mode.starts_with("SAME") || (reach && *reach == (mode == "VALID" ? 0 : padding.value_or(-1)));
    if (same) (*known_.shape)[i + 2] = extent;
  }
}

void NodeSymbols::pool() {
  const Maybe x = shape(0);
  if (!x || x->size() < 3) return;
  known_.shape = SymbolList(x->size());
  (*known_.shape)[0] = (*x)[0];
  if (node_.op != "ConvTranspose") (*known_.shape)[1] = (*x)[1];
}

void NodeSymbols::transform() {
  const Maybe x = shape(0);
  if (!x || x->empty()) return;
  const bool whole = input(1) == kAbsent && int_or("onesided", 0) == 0;
  known_.shape = whole ? *x : SymbolList(x->size());
  known_.shape->back() = constant_symbol(2);
}

void NodeSymbols::reduce() {
  const Maybe data = shape(0);
  if (!data) return;
  std::vector<bool> reduced(data->size(), input(1) == kAbsent);
  if (input(1) != kAbsent) {
    const auto axes = values_of(contents(1));
    if (!axes || axes->empty()) return;
    for (const std::int64_t axis : *axes) {
      const auto at = axis_of(axis, data->size());
      if (!at) return;
      reduced[*at] = true;
    }
  }
  SymbolList result;
  for (std::size_t i = 0; i < reduced.size(); ++i) {
    if (!reduced[i]) result.push_back((*data)[i]);
    if (reduced[i] && int_or("keepdims", 1) != 0) result.emplace_back(constant_symbol(1));
  }
  known_.shape = result;
}

}  // namespace kerf::formats::onnx
