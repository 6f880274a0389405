#pragma once

#include <string>
#include <string_view>

namespace kerf::text {

/// Lower case, each character on its own (Unicode's full mapping without context).
std::string lower_case(std::string_view text);

}  // namespace kerf::text
