#pragma once

#include <cstdint>
#include <vector>

#include "kerf/kerf.h"

#include "text/tokenizer.h"

namespace kerf::emit {

/// Where two tokenizers differ: tokens of ids, BOS and EOS, and the ids of texts in several scripts and of runs of the
/// vocabulary's own tokens. `texts`: how many texts both cut.
std::vector<Finding> compare_tokenizers(const text::Tokenizer& original, const text::Tokenizer& candidate,
                                        std::int64_t& texts);

}  // namespace kerf::emit
