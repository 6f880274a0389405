#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "text/windows.h"

namespace kerf::text {

/// Ids of the text that fill a window of `context` with the special tokens around them. Error(kUsage) if there is no
/// room for `least`.
std::int64_t text_ids_in(const SpecialTokens& special, std::int64_t context, std::int64_t least);

/// before, ids, behind.
std::vector<std::int64_t> framed(const SpecialTokens& special, std::span<const std::int64_t> ids);

/// Makes one window of the text's `number`-th run of ids, or several of them.
using MakeWindows =
    std::function<void(std::int64_t number, std::span<const std::int64_t> ids, std::vector<Window>& windows)>;

/// Cuts a text into runs of ids, as long as windows of `context` have room for beside the special tokens, and hands
/// them to `make` one after another; counts what was made. What stands around given sequences already is taken off
/// first. What fills no window is dropped; if that is everything, Error(kInput) says how many ids there are.
Windows framed_windows(const TokenStream& stream, std::int64_t context, std::int64_t limit, const MakeWindows& make,
                       std::int64_t least = 1);

/// Windows as a bare encoder reads them: the ids between special tokens, nothing hidden, nothing scored.
Windows plain_windows(const TokenStream& stream, std::int64_t context, std::int64_t limit);

/// Fills tokens_used, tokens_scored and special, and says if there are no special tokens.
void count_framed(const TokenStream& stream, Windows& windows);

}  // namespace kerf::text
