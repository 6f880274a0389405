#include <algorithm>

#include "formats/onnx/node_symbols.h"
#include "formats/onnx/symbol_arithmetic.h"

namespace kerf::formats::onnx {

void NodeSymbols::shape_of() {
  const Maybe x = shape(0);
  if (!x) return;
  const auto rank = static_cast<std::int64_t>(x->size());
  const auto place = [&](std::int64_t axis) {
    return std::clamp<std::int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  const std::int64_t begin = place(int_or("start", 0)), end = std::max(begin, place(int_or("end", rank)));
  known_.contents = SymbolList(x->begin() + begin, x->begin() + end);
  known_.shape = constant_symbols(std::vector<std::int64_t>{end - begin});
}

void NodeSymbols::size() {
  const Maybe x = shape(0);
  if (!x) return;
  Quotient product;
  for (const MaybeSymbol& extent : *x) product.multiply(extent);
  known_.shape = SymbolList();
  known_.contents = SymbolList{product.result()};
}

void NodeSymbols::cast() {
  const Maybe values = contents(0);
  const DType to = draft_.value(node_.outputs.front()).dtype;
  if (values && (to == DType::kI64 || to == DType::kI32)) known_.contents = values;
}

void NodeSymbols::negate() {
  const auto values = values_of(contents(0));
  if (!values) return;
  known_.contents = SymbolList();
  for (const std::int64_t value : *values) known_.contents->emplace_back(constant_symbol(value == 0 ? 1 : 0));
}

void NodeSymbols::elementwise() {
  Maybe all = shape(0);
  for (std::size_t i = 1; all && i < node_.inputs.size(); ++i) {
    const Maybe other = shape(i);
    all = other ? Maybe(broadcast(*all, *other)) : std::nullopt;
  }
  known_.shape = all;
  if (!all || all->size() > 1) return;
  std::vector<SymbolList> operands;
  std::size_t count = 1;
  for (std::size_t i = 0; i < node_.inputs.size(); ++i) {
    const Maybe values = contents(i);
    if (!values || values->empty()) return;
    operands.push_back(*values);
    count = std::max(count, values->size());
  }
  SymbolList results;
  for (std::size_t e = 0; e < count; ++e) {
    std::vector<MaybeSymbol> arguments;
    for (const SymbolList& operand : operands) {
      if (operand.size() != 1 && operand.size() != count) return;
      arguments.push_back(operand[operand.size() == 1 ? 0 : e]);
    }
    results.push_back(element(arguments));
  }
  known_.contents = results;
}

MaybeSymbol NodeSymbols::element(const std::vector<MaybeSymbol>& arguments) const {
  const std::string& op = node_.op;
  if (op == "Where" && arguments.size() == 3) {
    if (!arguments[0] || !arguments[0]->is_constant()) return std::nullopt;
    return arguments[0]->value != 0 ? arguments[1] : arguments[2];
  }
  if (arguments.size() != 2 || !arguments[0] || !arguments[1]) return std::nullopt;
  return combine(op, *arguments[0], *arguments[1]);
}

void NodeSymbols::range() {
  const auto start = values_of(contents(0)), step = values_of(contents(2));
  const Maybe limit = contents(1);
  known_.shape = SymbolList{MaybeSymbol()};
  if (!start || !step || !limit || start->front() != 0 || step->front() != 1) return;
  const MaybeSymbol& end = limit->front();
  if (end && (!end->is_constant() || end->value >= 0)) known_.shape->front() = end;
}

}  // namespace kerf::formats::onnx
