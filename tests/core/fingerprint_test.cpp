#include "core/fingerprint.h"

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace kerf {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// As `xxhsum -H2` prints it.
TEST(Fingerprint, IsTheCanonicalXxh3Of128Bits) {
  EXPECT_EQ(to_string(fingerprint({})), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(to_string(fingerprint(bytes_of("abc"))), "06b05ab6733a618578af5f94892f3950");
}

TEST(Fingerprint, OfPartsDependsOnTheirOrder) {
  const Fingerprint a = fingerprint(bytes_of("a")), b = fingerprint(bytes_of("b"));
  EXPECT_EQ(combined(std::vector{a, b}), combined(std::vector{a, b}));
  EXPECT_NE(combined(std::vector{a, b}), combined(std::vector{b, a}));
  EXPECT_NE(combined(std::vector{a}), a);
}

}  // namespace
}  // namespace kerf
