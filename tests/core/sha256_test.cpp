#include "core/sha256.h"

#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace kerf {
namespace {

void add(Sha256& hash, std::string_view text) { hash.update(std::as_bytes(std::span(text))); }

std::string hash_of(std::string_view text) {
  Sha256 hash;
  add(hash, text);
  return hash.finish();
}

// Examples of FIPS 180-2, appendix B, and of NIST's CAVP.
TEST(Sha256, HasTheStandardsValues) {
  EXPECT_EQ(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash_of(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(hash_of("\xbd"), "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b");
}

TEST(Sha256, PiecesAreTheWhole) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i);
  for (const std::size_t size : {1UL, 55UL, 56UL, 63UL, 64UL, 65UL, 299UL}) {
    Sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += size) add(hash, std::string_view(text).substr(at, size));
    add(hash, "");
    EXPECT_EQ(hash.finish(), hash_of(text)) << size;
  }
}

TEST(Sha256, GoesOnAfterAMove) {
  Sha256 hash;
  add(hash, "a");
  Sha256 other = std::move(hash);
  add(other, "bc");
  EXPECT_EQ(other.finish(), hash_of("abc"));
}

}  // namespace
}  // namespace kerf
