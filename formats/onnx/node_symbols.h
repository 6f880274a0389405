#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "formats/onnx/symbols.h"

namespace kerf::formats::onnx {

/// What one node says of one of its outputs: the rules of symbol_rules.h, one a group of operators, in the files
/// symbol_rules_*.cpp. What is not set stays unknown.
class NodeSymbols {
 public:
  NodeSymbols(const Symbols& symbols, const Draft& draft, const DraftNode& node, std::size_t output)
      : symbols_(symbols), draft_(draft), node_(node), output_(output) {}
  Symbols::Known run();

 private:
  using Maybe = std::optional<SymbolList>;
  ValueIndex input(std::size_t i) const { return i < node_.inputs.size() ? node_.inputs[i] : kAbsent; }
  Maybe shape(std::size_t i) const { return input(i) == kAbsent ? std::nullopt : symbols_.shape(input(i)); }
  Maybe contents(std::size_t i) const { return input(i) == kAbsent ? std::nullopt : symbols_.contents(input(i)); }
  std::int64_t int_or(std::string_view name, std::int64_t fallback) const {
    return node_.attributes.int_or(name, fallback);
  }
  /// As an index below `rank`; nullopt if it is none.
  static std::optional<std::size_t> axis_of(std::int64_t axis, std::size_t rank) {
    const std::int64_t at = axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis;
    if (at < 0 || at >= static_cast<std::int64_t>(rank)) return std::nullopt;
    return static_cast<std::size_t>(at);
  }

  // symbol_rules_values.cpp: what integers are
  void shape_of();
  void size();
  void cast();
  void negate();
  void elementwise();
  MaybeSymbol element(const std::vector<MaybeSymbol>& arguments) const;
  void range();

  // symbol_rules_parts.cpp: elements chosen and joined
  void gather();
  void gather_elements();
  void gather_nd();
  /// The axes that a Slice cuts; nullopt if they depend on the data.
  std::optional<std::vector<std::int64_t>> sliced_axes() const;
  void slice();
  /// The extent that is left of one; `part`: the elements, if they are known, cut the same way.
  static MaybeSymbol sliced(const MaybeSymbol& extent, std::int64_t start, const MaybeSymbol& end, std::int64_t step,
                            Maybe& part);
  void concat();
  void split();

  // symbol_rules_shapes.cpp: the same elements, repeated or padded
  void reshape();
  void squeeze();
  void unsqueeze();
  void transpose();
  void expand();
  void tile();
  void pad();

  // symbol_rules_products.cpp: products and sums
  void linear();
  void matmul();
  void convolution();
  void pool();       ///< windows as many as attributes say: only the rank is known
  void transform();  ///< DFT
  void reduce();

  const Symbols& symbols_;
  const Draft& draft_;
  const DraftNode& node_;
  const std::size_t output_;
  Symbols::Known known_;
};

}  // namespace kerf::formats::onnx
