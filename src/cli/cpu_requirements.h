#pragma once

namespace kerf::cli {

/// What the compiler was allowed to use. Constants, so that looking needs none of it.
struct CpuRequirements {
  bool avx2, fma, bmi2, avx512;
};
extern const CpuRequirements kCpuRequirements;

}  // namespace kerf::cli
