#pragma once

#include <cstddef>

#include "formats/onnx/symbols.h"

namespace kerf::formats::onnx {

/// More elements than this are not followed: shape parameters are that few.
inline constexpr std::size_t kMaxContents = 16;

/// What a node says of one of its outputs: operators' shape rules on symbols. What is not sure stays unknown.
Symbols::Known apply_symbol_rules(const Symbols& symbols, const Draft& draft, const DraftNode& node,
                                  std::size_t output);

}  // namespace kerf::formats::onnx
