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
  /// Instead of inverse_frequencies in windows of more than `long_from` positions; empty: none.
  std::vector<float> long_inverse_frequencies;
  std::int64_t long_from = 0;
  /// In windows of `length` > `grows_from` positions the base theta grows by
  /// (growth * length / grows_from - (growth - 1))^(dim / (dim - 2)); 0: it does not.
  std::int64_t grows_from = 0;
  double growth = 1;
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

/// What a family takes where its configuration says nothing.
struct RopeDefaults {
  double theta = 10000;
  double rotary_factor = 1;  ///< part of a head that is turned
};

/// What a configuration says about its rope: `rope_parameters`, or the older `rope_theta` with `rope_scaling` (whose
/// type is called `rope_type` or `type`). A partial_rotary_factor turns that part of head_dim only. Error(kInput)
/// naming the key if the type is unknown or a parameter is missing or out of range.
Rope read_rope(const JsonCursor& config, std::int64_t head_dim, const RopeDefaults& defaults = {});
/// The same with the object that holds the parameters, where a configuration has several.
Rope read_rope(const JsonCursor& parameters, const JsonCursor& config, std::int64_t head_dim,
               const RopeDefaults& defaults);

}  // namespace kerf::models
