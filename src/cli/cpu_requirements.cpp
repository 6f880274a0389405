#include "cli/cpu_requirements.h"

namespace kerf::cli {

constinit const CpuRequirements kCpuRequirements = {
#ifdef __AVX2__
    .avx2 = true,
#else
    .avx2 = false,
#endif
#ifdef __FMA__
    .fma = true,
#else
    .fma = false,
#endif
#ifdef __BMI2__
    .bmi2 = true,
#else
    .bmi2 = false,
#endif
#ifdef __AVX512F__
    .avx512 = true,
#else
    .avx512 = false,
#endif
};

}  // namespace kerf::cli
