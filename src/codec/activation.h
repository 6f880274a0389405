#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/fake_quantizer.h"
#include "codec/value_range.h"

namespace kerf::codec {

/// How the input of a linear layer is rounded just before the product. Pure data.
struct ActivationScheme {
  enum class Kind { kInteger, kFloat8 };

  std::string name;  ///< canonical: "int8-dynamic", "int8-static-asym", "f8_e4m3-dynamic"
  Kind kind = Kind::kInteger;
  int bits = 8;
  bool dynamic = true;          ///< a range for each token, found when it comes; otherwise one for all, calibrated
  bool symmetric = true;        ///< no zero point
  std::int64_t group_size = 0;  ///< dynamic: columns of a token that share a range; 0: all

  bool operator==(const ActivationScheme&) const = default;
};

/// What a static quantizer was calibrated to: x ~ scale * (q - zero_point), q in [-2^(bits-1), 2^(bits-1)) or an 8-bit
/// float.
struct ActivationParams {
  float scale = 0;
  int zero_point = 0;
};

/// Rounds the input of a linear layer as a runtime does that multiplies integers (or 8-bit floats). With weights w =
/// s_w (q_w - z_w) the runtime computes y = s_x s_w sum (q_x - z_x)(q_w - z_w) in integers; kerf computes sum x^ w^ of
/// the rounded values x^ = s_x (q_x - z_x), w^ in f32: the same but for f32's rounding of the sum.
///
/// Integers of b bits, f32 scales, one rounding an operation, to nearest, ties to even:
///   symmetric   s = max|x| / (2^(b-1) - 1), q = clamp(x / s) in [-2^(b-1), 2^(b-1) - 1]; vLLM's int8 kernels
///   asymmetric  s = (max(x, 0) - min(x, 0)) / (2^b - 1), z = -2^(b-1) - min(x, 0) / s; ONNX's DynamicQuantizeLinear
/// f8_e4m3: s = max|x| / 448, q the nearest 8-bit float. A row without any range is 0 and stays so; one with a value
/// that is not finite stays as it is.
class ActivationQuantizer : public FakeQuantizer {
 public:
  ActivationQuantizer(ActivationScheme scheme, ActivationParams params) : scheme_(std::move(scheme)), params_(params) {}
  const ActivationScheme& scheme() const { return scheme_; }
  /// Static schemes only.
  const ActivationParams& params() const { return params_; }

 private:
  ActivationScheme scheme_;
  ActivationParams params_;
};

/// One kind of activation scheme; src/codec/activations.def lists them all, each one file in src/codec/activations.
struct ActivationFamily {
  std::string_view name;
  std::string_view grammar;
  std::string_view summary;
  std::string_view source;
  std::vector<std::string> examples;
  ActivationScheme::Kind kind;
  std::optional<ActivationScheme> (*parse)(std::string_view lower_case_name);
  /// Parameters of a static scheme for a range that includes 0.
  ActivationParams (*fit)(const ActivationScheme& scheme, const ValueRange& range);
  std::shared_ptr<const ActivationQuantizer> (*make)(const ActivationScheme& scheme, const ActivationParams& params);
};

const std::vector<const ActivationFamily*>& activation_families();
/// Any case. Error(kUsage) naming the nearest known one.
ActivationScheme parse_activation_scheme(std::string_view name);

/// Of a dynamic scheme.
std::shared_ptr<const ActivationQuantizer> make_dynamic_quantizer(const ActivationScheme& scheme);
/// Of a static scheme, by the range of what arrives (0 is taken to be in it).
std::shared_ptr<const ActivationQuantizer> make_static_quantizer(const ActivationScheme& scheme, ValueRange range);
/// Of a static scheme, by its parameters (a file's). Error(kInput) if they are not such that one can compute with them.
std::shared_ptr<const ActivationQuantizer> make_static_quantizer(const ActivationScheme& scheme,
                                                                 const ActivationParams& params);

}  // namespace kerf::codec
