#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>

#include "codec/activation.h"
#include "core/strings.h"

namespace kerf::codec {

/// Reads "-dynamic", "-dynamic-g128" or "-static", and then "-asym" if `may_be_asymmetric`, into a scheme. False if
/// `part` is something else.
inline bool read_activation_suffix(std::string_view part, bool may_be_asymmetric, ActivationScheme& scheme) {
  if (may_be_asymmetric && ends_with(part, "-asym")) {
    scheme.symmetric = false;
    part.remove_suffix(5);
  }
  scheme.dynamic = part != "-static";
  if (!scheme.dynamic || part == "-dynamic") return true;
  constexpr std::string_view kGroups = "-dynamic-g";
  constexpr std::int64_t kSmallestGroup = 8;
  if (!starts_with(part, kGroups)) return false;
  part.remove_prefix(kGroups.size());
  if (part.empty() || part.front() == '0') return false;
  const auto [rest, error] = std::from_chars(part.data(), part.data() + part.size(), scheme.group_size);
  return error == std::errc() && rest == part.data() + part.size() && scheme.group_size >= kSmallestGroup &&
         scheme.group_size <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace kerf::codec
