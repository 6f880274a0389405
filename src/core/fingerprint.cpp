#include "core/fingerprint.h"

#include <cstring>

#include <fmt/format.h>
#include <xxhash.h>

namespace kerf {

Fingerprint fingerprint(std::span<const std::byte> bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  Fingerprint result;
  static_assert(sizeof(canonical.digest) == sizeof(result));
  std::memcpy(result.data(), canonical.digest, sizeof(result));
  return result;
}

Fingerprint combined(std::span<const Fingerprint> parts) { return fingerprint(std::as_bytes(parts)); }

std::string to_string(const Fingerprint& fingerprint) {
  std::string text;
  for (const std::byte byte : fingerprint) text += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return text;
}

}  // namespace kerf
