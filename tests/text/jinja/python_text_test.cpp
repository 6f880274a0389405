#include "text/jinja/python_text.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/text/jinja/render.h"

namespace kerf::text::jinja {
namespace {

using test::expect_error;
using test::render;

TEST(PythonText, CountsCharacters) {
  EXPECT_EQ(length("\u00e9\U0001F600"), 2);
  EXPECT_EQ(slice("\u00e9ab", 1, 3, 1), "ab");
  EXPECT_EQ(split_lines("a\r\nb\u2028c", false), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(strip_left("xxa", "x"), "a");
}

TEST(PythonText, WritesAsReprDoes) {
  EXPECT_EQ(text_repr("it's"), "\"it's\"");
  EXPECT_EQ(text_repr("\n\u200b"), "'\\n\\u200b'");
  EXPECT_EQ(real_repr(1e16), "1e+16");
  EXPECT_EQ(real_repr(2), "2.0");
  EXPECT_EQ(slice_range(5, -100, std::nullopt, 2).count(), 3);
}

}  // namespace
}  // namespace kerf::text::jinja
