#include "text/byte_tokens.h"

#include <gtest/gtest.h>

#include "tests/text/helpers.h"

namespace kerf::text {
namespace {

TEST(ByteTokens, AllBytesOrNone) {
  const auto vocabulary = Vocabulary::from_json(test::cursor(R"({"<0xC3>": 4, "<0xA9>": 5, "<0xa8>": 6})"));
  const ByteTokens bytes(vocabulary);
  std::vector<std::int64_t> ids = {1};
  EXPECT_TRUE(bytes.append("\u00e9", ids));
  EXPECT_FALSE(bytes.append("\u00e8", ids));
  EXPECT_EQ(ids, (std::vector<std::int64_t>{1, 4, 5}));
}

}  // namespace
}  // namespace kerf::text
