#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace kerf::quant {

/// Which of a model's layers a rule is about, written so that it fits models of any depth. Items are separated by
/// commas; a layer is in the set if any of them says so:
///   3          the layer of that number, from 0
///   0-3        a range, both ends included
///   first P    the layers before P
///   from P     the layers from P on
///   every K from P    P, P + K, P + 2 K, ...
/// A place P is a number of layers, a fraction of all layers rounded down, or both: "4", "1/8", "1/8+2".
class LayerSet {
 public:
  /// All layers.
  LayerSet() = default;
  /// Error(kUsage) saying what was found and expected.
  explicit LayerSet(std::string_view text);

  bool contains(std::int64_t layer, std::int64_t layers) const;

 private:
  struct Place {
    std::int64_t numerator = 0, denominator = 1, plus = 0;
    std::int64_t of(std::int64_t layers) const { return layers * numerator / denominator + plus; }
  };
  struct Item {
    Place begin, end;   ///< end is not included
    bool open = false;  ///< no end
    std::int64_t step = 1;
  };
  static Place parse_place(std::string_view text);
  static Item parse_item(std::string_view text);

  std::vector<Item> items_;  ///< empty: all
};

}  // namespace kerf::quant
