#include "codec/unknown_scheme.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/scheme.h"

namespace kerf::codec {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(UnknownScheme, TheNearestIsNamedAndHowNamesAreWritten) {
  const std::string text = unknown_scheme("int4-g31x");
  EXPECT_THAT(text, HasSubstr("no scheme 'int4-g31x'; did you mean int4-g32? known: "));
  for (const SchemeFamily* family : scheme_families()) EXPECT_THAT(text, HasSubstr(std::string(family->grammar)));
  EXPECT_THAT(text, Not(HasSubstr("q4_0"))) << "families are named, not all of their schemes";
}

TEST(UnknownScheme, RecipesAreNamesToo) {
  const std::vector<std::string> recipes = {"q4_k_m", "q5_k_m"};
  EXPECT_THAT(unknown_scheme("q4_k_mm", recipes), HasSubstr("did you mean q4_k_m? "));
  EXPECT_THAT(unknown_scheme("nothing like it", recipes), HasSubstr("; recipes: q4_k_m, q5_k_m"));
  EXPECT_THAT(unknown_scheme("nothing like it", recipes), Not(HasSubstr("did you mean")));
}

TEST(UnknownScheme, AShortNameHasNoNeighbourByChance) {
  EXPECT_THAT(unknown_scheme("foo"), Not(HasSubstr("did you mean")));
}

}  // namespace
}  // namespace kerf::codec
