#include "quant/registered_kind.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kerf::quant {
namespace {

const std::vector<std::string> kKnown = {"rtn", "gptq"};

TEST(UnknownChoice, ANameOfAnotherRegistryIsToldWhereItBelongs) {
  EXPECT_EQ(unknown_choice("method", "awq", kKnown),
            "no method 'awq': it is a transform: --transform awq, or SCHEME/METHOD+awq of a candidate");
  EXPECT_EQ(unknown_choice("method", "Wanda:50%", kKnown),
            "no method 'Wanda:50%': it is a way of pruning: --prune wanda:25%, or SCHEME/METHOD+wanda:25% of a "
            "candidate");
  EXPECT_EQ(unknown_choice("transform", "hqq", kKnown),
            "no transform 'hqq': it is a method: --method hqq, or SCHEME/hqq of a candidate");
}

TEST(UnknownChoice, AnyOtherIsAnUnknownName) {
  EXPECT_EQ(unknown_choice("method", "gpqt", kKnown), "no method 'gpqt'; did you mean gptq? known: rtn, gptq");
}

}  // namespace
}  // namespace kerf::quant
