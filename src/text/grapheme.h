#pragma once

#include <cstddef>
#include <string_view>

namespace kerf::text {

/// Bytes of the extended grapheme cluster (UAX 29) at `position` of valid UTF-8, where a cluster must begin: the start
/// of the text or the end of another cluster.
std::size_t grapheme_bytes(std::string_view text, std::size_t position);

}  // namespace kerf::text
