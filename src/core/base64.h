#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kerf {

/// The bytes that a text in base64 stands for (RFC 4648, section 4, with padding); nullopt if it is not such a text.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace kerf
