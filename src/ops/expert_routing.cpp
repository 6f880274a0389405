#include "ops/expert_routing.h"

namespace kerf::ops {

std::vector<std::int64_t> tokens_of_expert(const Tensor& routing, std::int64_t expert) {
  const std::int64_t experts = routing.shape().back(), tokens = routing.size() / experts;
  const float* weights = routing.data<float>();
  std::vector<std::int64_t> found;
  for (std::int64_t t = 0; t < tokens; ++t) {
    if (weights[t * experts + expert] != 0.0F) found.push_back(t);
  }
  return found;
}

}  // namespace kerf::ops
