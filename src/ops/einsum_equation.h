#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/shape.h"

namespace kerf::ops {

/// An equation of Einsum ("bij,bjk->bik") put on the shapes of its operands: axes have numbers, those of the result
/// first.
struct EinsumEquation {
  /// Error(kInput) if the equation is malformed or does not fit the shapes; an ellipsis stands for the axes without a
  /// letter, which broadcast.
  EinsumEquation(std::string_view equation, const std::vector<Shape>& shapes);

  std::vector<std::vector<std::size_t>> operands;  ///< axis numbers of each operand's dimensions
  Shape extents;                                   ///< by axis number
  std::size_t result_rank = 0;                     ///< axes [0, result_rank) are the result's dimensions
  Shape result() const { return {extents.begin(), extents.begin() + static_cast<std::ptrdiff_t>(result_rank)}; }
};

}  // namespace kerf::ops
