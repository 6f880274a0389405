#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/shape.h"
#include "graph/tensor_source.h"

namespace kerf::models {

/// Tensors that a checkpoint may hold although its graph does not read them, and why that is right.
struct Ignorable {
  std::string pattern;  ///< of full names, with * and ?
  std::string reason;   ///< "a table that is computed from the configuration"
};

/// The tensors of a checkpoint, handed out by name; remembers which ones were.
class WeightTable {
 public:
  /// `prefixes`: what names may begin with ("model.", ""), tried in this order; the first one that fits a tensor goes
  /// into errors. `config_file`: where the expected shapes come from, for errors. `tensors` must outlive the table.
  WeightTable(const graph::SourceMap& tensors, std::string config_file, std::vector<std::string> prefixes);

  bool has(std::string_view name) const;
  /// The checkpoint's name of a tensor: with the prefix under which it is there, or would be expected.
  std::string full_name(std::string_view name) const;
  /// Error(kInput) naming tensor, what was found and what was expected if it is missing, of another shape or neither of
  /// floats nor quantized.
  graph::SourcePtr take(std::string_view name, const Shape& shape);
  /// Error(kInput) for a tensor, by its full name, that is not there; `hint`: what to do about it.
  [[noreturn]] void refuse_missing(std::string_view full_name, const Shape& shape, std::string_view hint = "") const;
  /// Every tensor must have been taken or be ignorable: Error(kInput) naming the first that is neither, and how many
  /// more there are. Returns a sentence for each reason for which some were left aside.
  std::vector<std::string> finish(std::span<const Ignorable> ignorable, std::string_view family) const;

 private:
  const graph::SourceMap& tensors_;
  std::string config_file_;
  std::vector<std::string> prefixes_;
  std::size_t usual_prefix_ = 0;
  std::set<std::string, std::less<>> used_;
};

}  // namespace kerf::models
