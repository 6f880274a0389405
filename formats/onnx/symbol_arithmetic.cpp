#include "formats/onnx/symbol_arithmetic.h"

#include <algorithm>

#include "core/checked.h"

namespace kerf::formats::onnx {
namespace {

/// numpy's rule for one axis: an extent that is not 1 wins.
MaybeSymbol broadcast(const MaybeSymbol& a, const MaybeSymbol& b) {
  if (a && a->is_constant() && a->value == 1) return b;
  if (b && b->is_constant() && b->value == 1) return a;
  if (a && a->is_constant()) return a;
  if (b && b->is_constant()) return b;
  return a && b && *a == *b ? a : MaybeSymbol();
}

MaybeSymbol closed_element(const std::string& op, std::int64_t a, std::int64_t b) {
  const auto checked = [](std::optional<std::int64_t> value) {
    return value ? MaybeSymbol(constant_symbol(*value)) : std::nullopt;
  };
  const auto truth = [](bool value) { return MaybeSymbol(constant_symbol(value ? 1 : 0)); };
  if (op == "Add") return checked(checked_add(a, b));
  if (op == "Mul") return checked(checked_mul(a, b));
  if (op == "Sub" && b != INT64_MIN) return checked(checked_add(a, -b));
  if (op == "Div" && b > 0) return constant_symbol(a / b);
  if (op == "Max") return constant_symbol(std::max(a, b));
  if (op == "Min") return constant_symbol(std::min(a, b));
  if (op == "Equal") return truth(a == b);
  if (op == "Greater") return truth(a > b);
  if (op == "Less") return truth(a < b);
  if (op == "GreaterOrEqual") return truth(a >= b);
  if (op == "LessOrEqual") return truth(a <= b);
  if (op == "And") return truth(a != 0 && b != 0);
  if (op == "Or") return truth(a != 0 || b != 0);
  return std::nullopt;
}

/// An extent that is not known is positive or 0.
MaybeSymbol open_element(const std::string& op, const Symbol& a, const Symbol& b) {
  const auto is = [](const Symbol& s, std::int64_t value) { return s.is_constant() && s.value == value; };
  if (op == "Add") return is(a, 0) ? MaybeSymbol(b) : is(b, 0) ? MaybeSymbol(a) : std::nullopt;
  if (op == "Sub") return is(b, 0) ? MaybeSymbol(a) : a == b ? MaybeSymbol(constant_symbol(0)) : std::nullopt;
  if (op == "Mul" || op == "Div") {
    if (op == "Mul" && (is(a, 0) || is(b, 0))) return constant_symbol(0);
    Quotient quotient;
    quotient.multiply(a);
    op == "Mul" ? quotient.multiply(b) : quotient.divide(b);
    return quotient.result();
  }
  if ((op == "Max" || op == "Min") && a == b) return a;
  if (op == "Max" && (is(a, 0) || is(b, 0))) return is(a, 0) ? b : a;
  const bool never_equal = (a.is_constant() && a.value < 0) || (b.is_constant() && b.value < 0);
  if (op == "Equal" && (never_equal || a == b)) return constant_symbol(a == b ? 1 : 0);
  if ((op == "GreaterOrEqual" || op == "LessOrEqual") && a == b) return constant_symbol(1);
  if ((op == "Greater" || op == "Less") && a == b) return constant_symbol(0);
  return std::nullopt;
}

}  // namespace

Symbol constant_symbol(std::int64_t value) { return {value, kAbsent, 0}; }

SymbolList constant_symbols(std::span<const std::int64_t> values) {
  SymbolList list;
  for (const std::int64_t value : values) list.emplace_back(constant_symbol(value));
  return list;
}

std::optional<std::vector<std::int64_t>> values_of(const std::optional<SymbolList>& list) {
  if (!list) return std::nullopt;
  std::vector<std::int64_t> values;
  for (const MaybeSymbol& symbol : *list) {
    if (!symbol || !symbol->is_constant()) return std::nullopt;
    values.push_back(symbol->value);
  }
  return values;
}

SymbolList broadcast(const SymbolList& a, const SymbolList& b) {
  SymbolList result(std::max(a.size(), b.size()));
  for (std::size_t i = 1; i <= result.size(); ++i) {
    const MaybeSymbol one = constant_symbol(1);
    result[result.size() - i] = broadcast(i <= a.size() ? a[a.size() - i] : one, i <= b.size() ? b[b.size() - i] : one);
  }
  return result;
}

MaybeSymbol combine(const std::string& op, const Symbol& a, const Symbol& b) {
  if (!a.is_constant() || !b.is_constant()) return open_element(op, a, b);
  return closed_element(op, a.value, b.value);
}

MaybeSymbol Quotient::result() const {
  if (!valid_ || divisor_ == 0 || factor_ % divisor_ != 0 || !below_.empty() || above_.size() > 1) return std::nullopt;
  const std::int64_t number = factor_ / divisor_;
  if (above_.empty()) return constant_symbol(number);
  return number > 0 ? MaybeSymbol(Symbol{number, above_.front().base, above_.front().axis}) : std::nullopt;
}

void Quotient::take(const MaybeSymbol& symbol, std::int64_t& number, std::vector<Symbol>& here,
                    std::vector<Symbol>& there) {
  if (!symbol) {
    valid_ = false;
    return;
  }
  const auto product = checked_mul(number, symbol->value);
  valid_ = valid_ && product.has_value();
  number = product.value_or(1);
  if (symbol->is_constant()) return;
  const Symbol once{1, symbol->base, symbol->axis};
  if (const auto found = std::find(there.begin(), there.end(), once); found != there.end()) {
    *found = there.back();
    there.pop_back();
  } else {
    here.push_back(once);
  }
}

}  // namespace kerf::formats::onnx
