#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace kerf {

/// 128 bits that tell contents apart, at the speed of memory: XXH3 (https://xxhash.com), canonical byte order. No
/// protection against someone who looks for a collision; files that are handed on get a SHA-256.
using Fingerprint = std::array<std::byte, 16>;

Fingerprint fingerprint(std::span<const std::byte> bytes);
/// Of parts in order: parts can be taken on several threads.
Fingerprint combined(std::span<const Fingerprint> parts);
/// 32 hexadecimal digits.
std::string to_string(const Fingerprint& fingerprint);

}  // namespace kerf
