#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "text/windows.h"

namespace kerf::text {

/// What can be wrong with a text that is valid UTF-8.

/// Line ends of DOS (CR LF) become LF, if every line has them; returns how many did.
std::int64_t unify_line_ends(std::string& text);

/// Places where UTF-8 was taken for Latin-1 or Windows-1252 (an e with an acute accent became two characters, A with a
/// tilde and a copyright sign), or for Mac Roman (a square root sign and a copyright sign), and encoded again.
struct DoubleDecoding {
  std::int64_t places = 0;
  std::string sample;  ///< the text around the first
};
DoubleDecoding find_double_decoding(std::string_view utf8);

/// Share of the runs of `length` ids in the first windows that also stand in the second ones; 0 without any.
double overlap_share(std::span<const Window> windows, std::span<const Window> others, std::size_t length);

}  // namespace kerf::text
