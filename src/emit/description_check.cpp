#include "emit/description_check.h"

#include <cmath>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/strings.h"

namespace kerf::emit {
namespace {

class Comparison {
 public:
  std::vector<Finding> findings;

  void differ(std::string_view what, const std::string& original, const std::string& candidate) {
    findings.push_back(
        {true, "description", "", fmt::format("{} is {}, the original's is {}", what, candidate, original)});
  }
  /// 0: the container does not say.
  void integer(std::string_view what, std::int64_t original, std::int64_t candidate) {
    if (original == candidate || original == 0 || candidate == 0) return;
    differ(what, std::to_string(original), std::to_string(candidate));
  }
  /// Containers keep these as f32.
  void real(std::string_view what, double original, double candidate) {
    if (original == 0 || candidate == 0) return;
    if (std::abs(original - candidate) <= 1e-6 * std::abs(original)) return;
    differ(what, fmt::format("{:.10g}", original), fmt::format("{:.10g}", candidate));
  }
};

}  // namespace

std::vector<Finding> compare_descriptions(const description::Model& original, const description::Model& candidate) {
  Comparison comparison;
  if (original.family != candidate.family) {
    comparison.differ("the family", quoted(original.family), quoted(candidate.family));
    return std::move(comparison.findings);
  }
  const auto& a = original.hyperparameters;
  const auto& b = candidate.hyperparameters;
  comparison.integer("the hidden size", a.hidden_size, b.hidden_size);
  comparison.integer("the intermediate size", a.intermediate_size, b.intermediate_size);
  comparison.integer("the number of layers", a.layers, b.layers);
  comparison.integer("the number of heads", a.heads, b.heads);
  comparison.integer("the number of key-value heads", a.kv_heads, b.kv_heads);
  comparison.integer("the size of a head", a.head_dim, b.head_dim);
  comparison.integer("the number of rotated dimensions", a.rotary_dim, b.rotary_dim);
  comparison.integer("the attention window", a.sliding_window, b.sliding_window);
  comparison.integer("the number of layers with a window", a.windowed_layers, b.windowed_layers);
  comparison.integer("the number of experts", a.experts, b.experts);
  comparison.integer("the number of experts of a token", a.experts_per_token, b.experts_per_token);
  comparison.real("the norms' epsilon", a.norm_epsilon, b.norm_epsilon);
  comparison.real("the rope's base", a.rope_theta, b.rope_theta);
  comparison.real("the base of the local rope", a.local_rope_theta, b.local_rope_theta);
  return std::move(comparison.findings);
}

}  // namespace kerf::emit
