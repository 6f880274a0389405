// Compiled for the oldest processor of its architecture (see CMakeLists.txt), and run before every other initializer of
// the program: the rest may use instructions that the machine does not have.
#include <cstdlib>

#include <unistd.h>

#include "cli/cpu_requirements.h"

#if defined(__x86_64__)
namespace {

void check(bool required, int supported, const char* message, unsigned long length) {
  if (!required || supported != 0) return;
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, message, length);
  ::_exit(4);
}

template <unsigned long kLength>
void check(bool required, int supported, const char (&message)[kLength]) {
  check(required, supported, message, kLength - 1);
}

// The lowest priority that programs may use: before any other constructor.
__attribute__((constructor(101))) void check_processor() {
  using kerf::cli::kCpuRequirements;
  __builtin_cpu_init();
  check(kCpuRequirements.avx2, __builtin_cpu_supports("avx2"),
        "kerf: this processor has no AVX2, which this build of kerf needs; build it with -DKERF_ARCH=x86-64\n");
  check(kCpuRequirements.fma, __builtin_cpu_supports("fma"),
        "kerf: this processor has no FMA, which this build of kerf needs; build it with -DKERF_ARCH=x86-64\n");
  check(kCpuRequirements.bmi2, __builtin_cpu_supports("bmi2"),
        "kerf: this processor has no BMI2, which this build of kerf needs; build it with -DKERF_ARCH=x86-64\n");
  check(kCpuRequirements.avx512, __builtin_cpu_supports("avx512f"),
        "kerf: this processor has no AVX-512, which this build of kerf needs; build it with -DKERF_ARCH=x86-64-v3\n");
}

}  // namespace
#endif
