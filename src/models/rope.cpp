#include "models/rope.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/strings.h"
#include "models/rope_types.h"

namespace kerf::models {
namespace {

/// The object with the rope's parameters; the configuration itself if it has none.
JsonCursor parameters_of(const JsonCursor& config) {
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const auto parameters = config.get(key);
    if (!parameters) continue;
    parameters->as_object();  // refuses anything else
    return *parameters;
  }
  return config;
}

/// A number of the parameters, or else of the configuration.
double number_of(const JsonCursor& parameters, const JsonCursor& config, std::string_view key, double fallback) {
  return parameters.double_or(key, config.double_or(key, fallback));
}

const RopeType& type_of(const JsonCursor& parameters) {
  const auto value = parameters.has("rope_type") ? parameters.get("rope_type") : parameters.get("type");
  const std::string wanted = value ? value->as_string() : "default";
  std::vector<std::string> known;
  for (const RopeType* type : rope_types()) {
    if (type->name == wanted) return *type;
    known.emplace_back(type->name);
  }
  value->fail(unknown_name("rope type", wanted, known));
}

}  // namespace

const std::vector<const RopeType*>& rope_types() {
  static const std::vector<const RopeType*> list = {
#define X(name) &name##_rope_type(),
#include "models/rope_types.def"
#undef X
  };
  return list;
}

std::vector<float> default_inverse_frequencies(double theta, std::int64_t dim) {
  std::vector<float> frequencies;
  for (std::int64_t i = 0; i < dim; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(dim);
    frequencies.push_back(1.0F / static_cast<float>(std::pow(theta, static_cast<double>(exponent))));
  }
  return frequencies;
}

Rope read_rope(const JsonCursor& config, std::int64_t head_dim, const RopeDefaults& defaults) {
  return read_rope(parameters_of(config), config, head_dim, defaults);
}

Rope read_rope(const JsonCursor& parameters, const JsonCursor& config, std::int64_t head_dim,
               const RopeDefaults& defaults) {
  const RopeType& type = type_of(parameters);
  Rope rope;
  rope.type = type.name;
  rope.theta = number_of(parameters, config, "rope_theta", defaults.theta);
  if (!(rope.theta > 0)) parameters.fail(fmt::format("found rope_theta {}, expected a positive number", rope.theta));
  const double part = number_of(parameters, config, "partial_rotary_factor", defaults.rotary_factor);
  const auto dim = static_cast<std::int64_t>(static_cast<double>(head_dim) * std::clamp(part, 0.0, 1.0));
  if (!(part > 0 && part <= 1) || dim % 2 != 0 || dim == 0) {
    parameters.fail(fmt::format("found {} of {} elements of a head to turn, expected an even number", part, head_dim));
  }
  rope.inverse_frequencies = default_inverse_frequencies(rope.theta, dim);
  type.apply(parameters, config, rope);
  return rope;
}

}  // namespace kerf::models
