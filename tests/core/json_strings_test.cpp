#include "core/json_strings.h"

#include <gtest/gtest.h>

namespace kerf {
namespace {

TEST(JsonStrings, BytesThatAreNoTextAreShown) {
  EXPECT_EQ(utf8_text("caf\u00e9\n"), "caf\u00e9\n");
  EXPECT_EQ(utf8_text("a\xff"), "a\\xFF");
  EXPECT_EQ(Json(strings_json({"a", "\xff"})).dump(), R"(["a", "\\xFF"])");
}

}  // namespace
}  // namespace kerf
