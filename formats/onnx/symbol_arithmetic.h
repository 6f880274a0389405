#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "formats/onnx/symbols.h"

namespace kerf::formats::onnx {

Symbol constant_symbol(std::int64_t value);
SymbolList constant_symbols(std::span<const std::int64_t> values);
/// The values of symbols that are all known and constant; else nullopt.
std::optional<std::vector<std::int64_t>> values_of(const std::optional<SymbolList>& list);

/// The shape that two broadcast to under numpy's rule; an extent that is not sure is not known.
SymbolList broadcast(const SymbolList& a, const SymbolList& b);

/// What an operator of two integers, or truth values as 0 and 1, gives; nullopt where that is not sure.
MaybeSymbol combine(const std::string& op, const Symbol& a, const Symbol& b);

/// A product of symbols with equal ones on both sides taken away.
class Quotient {
 public:
  void multiply(const MaybeSymbol& symbol) { take(symbol, factor_, above_, below_); }
  void divide(const MaybeSymbol& symbol) { take(symbol, divisor_, below_, above_); }
  /// nullopt unless it is one number or a multiple of one extent.
  MaybeSymbol result() const;

 private:
  void take(const MaybeSymbol& symbol, std::int64_t& number, std::vector<Symbol>& here, std::vector<Symbol>& there);

  std::int64_t factor_ = 1, divisor_ = 1;
  std::vector<Symbol> above_, below_;
  bool valid_ = true;
};

}  // namespace kerf::formats::onnx
