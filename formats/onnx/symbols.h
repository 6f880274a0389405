#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/onnx/draft.h"

namespace kerf::formats::onnx {

/// A number that is known before anything runs but for the extents of the model's inputs: a constant, or a multiple of
/// the extent of an axis of an input.
struct Symbol {
  std::int64_t value = 0;     ///< the number; of an extent, how many times it is taken: 1 or more
  ValueIndex base = kAbsent;  ///< the input; kAbsent: the number is `value`
  int axis = 0;
  bool is_constant() const { return base == kAbsent; }
  bool operator==(const Symbol&) const = default;
};

using MaybeSymbol = std::optional<Symbol>;
using SymbolList = std::vector<MaybeSymbol>;

/// What is known of the shapes of a draft's values, and of what is in those that hold a few integers: exporters compute
/// shapes from the shapes of what is computed, where the inputs' shapes say the same. Whatever a rule is not sure of is
/// not known.
class Symbols {
 public:
  /// Of a value.
  struct Known {
    std::optional<SymbolList> shape, contents;
  };

  explicit Symbols(const Draft& draft) : draft_(draft) {}

  /// An input whose axes without a declared extent are the first of `batch` and the second of `length`: itself, or
  /// inputs that have the same there.
  void learn_input(ValueIndex input, ValueIndex batch, ValueIndex length, const Shape& declared);
  /// The outputs of a node that was appended to the draft.
  void learn(const DraftNode& node);

  /// nullopt if not even the rank is known.
  std::optional<SymbolList> shape(ValueIndex value) const;
  /// The elements of a value with at most one axis and few integers or truth values.
  std::optional<SymbolList> contents(ValueIndex value) const;

 private:
  const Draft& draft_;
  std::unordered_map<ValueIndex, Known> known_;
};

}  // namespace kerf::formats::onnx
