#include "codec/activation.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/strings.h"

namespace kerf::codec {

#define X(id) extern const ActivationFamily id##_activations;
#include "codec/activations.def"
#undef X

const std::vector<const ActivationFamily*>& activation_families() {
  static const std::vector<const ActivationFamily*> all = {
#define X(id) &id##_activations,
#include "codec/activations.def"
#undef X
  };
  return all;
}

namespace {

const ActivationFamily& family_of(const ActivationScheme& scheme) {
  return **std::find_if(activation_families().begin(), activation_families().end(),
                        [&](const ActivationFamily* family) { return family->kind == scheme.kind; });
}

}  // namespace

ActivationScheme parse_activation_scheme(std::string_view name) {
  const std::string lower_case_name = to_lower_ascii(name);
  std::vector<std::string> known;
  for (const ActivationFamily* family : activation_families()) {
    if (auto scheme = family->parse(lower_case_name)) return *std::move(scheme);
    known.insert(known.end(), family->examples.begin(), family->examples.end());
  }
  throw_usage(unknown_name("activation scheme", name, known));
}

std::shared_ptr<const ActivationQuantizer> make_dynamic_quantizer(const ActivationScheme& scheme) {
  return family_of(scheme).make(scheme, {});
}

std::shared_ptr<const ActivationQuantizer> make_static_quantizer(const ActivationScheme& scheme, ValueRange range) {
  range.low = std::min(range.low, 0.0F);
  range.high = std::max(range.high, 0.0F);
  const ActivationFamily& family = family_of(scheme);
  ActivationParams params = family.fit(scheme, range);
  // Nothing but zeros was seen: what stands in compressed-tensors' files then is the machine epsilon.
  constexpr float kEpsilon = 0x1p-23F;
  if (!(params.scale > 0)) params = {kEpsilon, params.zero_point};
  return family.make(scheme, params);
}

std::shared_ptr<const ActivationQuantizer> make_static_quantizer(const ActivationScheme& scheme,
                                                                 const ActivationParams& params) {
  if (!(params.scale > 0) || !std::isfinite(params.scale)) {
    throw_input("", "", fmt::format("found the scale {}, expected a positive number", params.scale));
  }
  const int middle = 1 << (scheme.bits - 1);
  if (params.zero_point < -middle || params.zero_point >= middle || (scheme.symmetric && params.zero_point != 0)) {
    throw_input("", "", fmt::format("found the zero point {}, which {} cannot have", params.zero_point, scheme.name));
  }
  return family_of(scheme).make(scheme, params);
}

}  // namespace kerf::codec
