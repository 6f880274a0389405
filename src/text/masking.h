#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "text/windows.h"

namespace kerf::text {

/// Masked language models are trained with some 15 % of their tokens hidden: one of seven is 14.3 %.
inline constexpr std::int64_t kMaskEvery = 7;

/// The tokens hidden in one run of a window: of those that may be hidden every `stride`-th, from number `first` on.
struct MaskedRun {
  std::int64_t first = 0, stride = 1;
};

/// The runs of window `number`, of which `eligible` tokens may be hidden (at least one).
using ChooseRuns = std::function<std::vector<MaskedRun>(std::int64_t number, std::int64_t eligible)>;

/// Windows with special tokens around them, each once per run, with the mask token in place of the tokens that are
/// hidden and those scored there. Special tokens that stand in the text are not hidden.
Windows masked_windows(const TokenStream& stream, std::int64_t context, std::int64_t limit, const ChooseRuns& choose);

/// For ProtocolInfo::lacks.
std::string_view lacks_mask(const SpecialTokens& special);

}  // namespace kerf::text
