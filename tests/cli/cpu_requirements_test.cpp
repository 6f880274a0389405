#include "cli/cpu_requirements.h"

#include <gtest/gtest.h>

namespace kerf::cli {
namespace {

#if defined(__x86_64__)
// The test runs, so the machine has what the build needs: the check at the start must agree.
TEST(CpuRequirements, AreMetByTheMachineThatRunsThis) {
  __builtin_cpu_init();
  EXPECT_TRUE(!kCpuRequirements.avx2 || __builtin_cpu_supports("avx2"));
  EXPECT_TRUE(!kCpuRequirements.fma || __builtin_cpu_supports("fma"));
  EXPECT_TRUE(!kCpuRequirements.bmi2 || __builtin_cpu_supports("bmi2"));
  EXPECT_TRUE(!kCpuRequirements.avx512 || __builtin_cpu_supports("avx512f"));
}
#endif

}  // namespace
}  // namespace kerf::cli
