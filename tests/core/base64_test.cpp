#include "core/base64.h"

#include <gtest/gtest.h>

namespace kerf {
namespace {

// RFC 4648, section 10.
TEST(Base64, TestVectors) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(decode_base64("Zm9vYmE="), "fooba");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("/+8="), "\xFF\xEF");
}

TEST(Base64, NotBase64) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg=a", "Z===", "====", "Zm9v\n", "Zm-v", "Zm 9", "=Zg="}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
  // Bits left over.
  EXPECT_EQ(decode_base64("Zh=="), std::nullopt);
}

}  // namespace
}  // namespace kerf
