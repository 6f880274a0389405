#include "text/protocol.h"

#include <gtest/gtest.h>

namespace kerf::text {
namespace {

TEST(Protocol, EveryOneDescribesItselfAndCounts) {
  for (const ProtocolInfo* info : protocols()) {
    SCOPED_TRACE(std::string(info->name));
    EXPECT_EQ(&find_protocol(info->name), info);
    EXPECT_FALSE(info->summary.empty());
    EXPECT_FALSE(info->source.empty());
    EXPECT_GE(info->default_context, 2);
    for (const std::optional<std::int64_t> bos : {std::optional<std::int64_t>(), std::optional<std::int64_t>(1)}) {
      for (const std::int64_t context : {2, 3, 7, 64}) {
        TokenStream stream;
        stream.ids.assign(1000, 5);
        stream.bos = bos;
        const Windows cut = info->cut(stream, context, 1 << 20);
        std::int64_t scored = 0, used = 0;
        for (const Window& window : cut.windows) {
          ASSERT_EQ(window.ids.size(), static_cast<std::size_t>(context));
          ASSERT_GE(window.first_scored, 0);
          scored += std::max<std::int64_t>(context - 1 - window.first_scored, 0);
          used += context;
        }
        EXPECT_EQ(cut.tokens_scored, scored);
        EXPECT_EQ(cut.tokens_used, used);
        EXPECT_EQ(cut.tokens_used + cut.tokens_dropped, cut.tokens_total);
        EXPECT_EQ(cut.tokens_total, bos ? 1001 : 1000);
        EXPECT_EQ(cut.uses_bos, bos.has_value());
      }
    }
  }
}

TEST(Protocol, TheFirstIsTheDefault) { EXPECT_EQ(protocols().front()->name, "llama.cpp"); }

}  // namespace
}  // namespace kerf::text
