#include "cli/target_options.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace kerf::cli {
namespace {

QualityTarget target_of(std::vector<std::string> words) {
  CLI::App app;
  const TargetGroup group(app);
  std::reverse(words.begin(), words.end());
  app.parse(std::move(words));
  return group.read();
}

TEST(TargetGroup, ReadsQuantitiesAsPeopleWriteThem) {
  EXPECT_FALSE(target_of({}).given());
  EXPECT_EQ(target_of({"--target-kl", "0.01"}).kl, 0.01);
  EXPECT_DOUBLE_EQ(target_of({"--target-ppl-increase", "1%"}).perplexity_increase, 0.01);
  EXPECT_EQ(target_of({"--target-size", "14MB"}).bytes, 14000000U);
  EXPECT_EQ(target_of({"--target-ram=4G"}).ram, std::uint64_t{4} << 30);
  const QualityTarget target = target_of({"--target-kl=1", "--target-schemes", "int4-g32", "int8-g32"});
  EXPECT_EQ(target.schemes, (std::vector<std::string>{"int4-g32", "int8-g32"}));
  EXPECT_EQ(target.windows, 16);
}

TEST(TargetGroup, RefusesWhatIsNoQuantity) {
  test::expect_error(ErrorCode::kUsage, "--target-kl", [] { target_of({"--target-kl", "0"}); });
  test::expect_error(ErrorCode::kUsage, "--target-size", [] { target_of({"--target-size", "small"}); });
}

TEST(TargetGroup, RefusesTheWayToATargetWithoutOne) {
  for (const auto& [flag, value] : {std::pair{"--target-schemes", "foo"},
                                    {"--target-windows", "3"},
                                    {"--target-text", "t.txt"},
                                    {"--target-context", "64"}}) {
    test::expect_error(ErrorCode::kUsage, std::string(flag) + " says how a target is met, and there is none", [&] {
      target_of({flag, value});
    });
  }
  test::expect_error(ErrorCode::kUsage, "--target-context is for --target-ram", [] {
    target_of({"--target-kl", "0.1", "--target-context", "64"});
  });
  EXPECT_EQ(target_of({"--target-ram", "1G", "--target-context", "64"}).context, 64);
}

}  // namespace
}  // namespace kerf::cli
