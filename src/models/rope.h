#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace kerf::models {

/// Rotary position embedding (Su et al. 2021, arXiv:2104.09864): pair i of a head turns by position *
/// inverse_frequencies[i].
struct Rope {
  std::string type;  ///< "default", "linear", "llama3", ...
  double theta = 0;
  std::vector<float> inverse_frequencies;
  float attention_factor = 1;  ///< multiplies cosines and sines
  std::int64_t rotary_dim() const { return 2 * static_cast<std::int64_t>(inverse_frequencies.size()); }
};

/// One way of stretching a rope beyond the length it was trained for; src/models/rope_types.def lists them all.
struct RopeType {
  std::string_view name;  ///< config.json's rope_type
  std::string_view summary;
  std::string_view source;
  /// Changes a rope of type "default". `parameters`: the object that holds rope_type; `config`: all of config.json.
  void (*apply)(const JsonCursor& parameters, const JsonCursor& config, Rope& rope);
};

const std::vector<const RopeType*>& rope_types();

/// 1 / theta^(2i / dim) for i in [0, dim / 2), in f32 as transformers does.
std::vector<float> default_inverse_frequencies(double theta, std::int64_t dim);

/// What a configuration says about its rope: `rope_parameters`, or the older `rope_theta` with `rope_scaling` (whose
/// type is called `rope_type` or `type`). A partial_rotary_factor turns that part of head_dim only. Error(kInput)
/// naming the key if the type is unknown or a parameter is missing or out of range.
Rope read_rope(const JsonCursor& config, std::int64_t head_dim);

}  // namespace kerf::models
